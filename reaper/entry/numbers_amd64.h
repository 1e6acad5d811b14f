#define SYS_write          1
#define SYS_rt_sigaction   13
#define SYS_rt_sigprocmask 14
#define SYS_rt_sigreturn   15
#define SYS_fcntl          72
#define SYS_close          3
#define SYS_pipe2          293

#include "numbers.h"
