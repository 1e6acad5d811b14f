#define SYS_fcntl          25
#define SYS_close          57
#define SYS_pipe2          59
#define SYS_write          64
#define SYS_rt_sigaction   134
#define SYS_rt_sigprocmask 135

#include "numbers.h"
