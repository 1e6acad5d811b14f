<?php
// The same behind php -S, which answers one request at a time: php -S 127.0.0.1:PORT app.php

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
file_put_contents(getenv('HOLD_SEEN'), "{$_SERVER['REQUEST_METHOD']} $path " . getmypid() . "\n", FILE_APPEND);
if ($path === '/large') {
    header('Content-Length: ' . filesize(getenv('HOLD_LARGE')));
    readfile(getenv('HOLD_LARGE'));
    return;
}
$body = file_get_contents($path === '/form' && isset($_FILES['file']) ? $_FILES['file']['tmp_name'] : 'php://input');
$answer = json_encode([
    'method' => $_SERVER['REQUEST_METHOD'],
    'length' => $_SERVER['CONTENT_LENGTH'] ?? $_SERVER['HTTP_CONTENT_LENGTH'] ?? '',
    'coding' => $_SERVER['HTTP_TRANSFER_ENCODING'] ?? '',
    'bytes' => strlen($body),
    'sha256' => hash('sha256', $body),
    'pid' => getmypid(),
]);
header('Content-Length: ' . strlen($answer));
echo $answer;
