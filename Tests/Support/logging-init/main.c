// Runs the logger without the rest of PID 1, for the tests in Tests/Namespace/logger.bats.
//
//   kill     runs it beside two services, and kills it again and again; says how often
//   serve    is a logger itself, of a pipe that holds half a line

#include <stdio.h>
#include <string.h>

int logging_init_run(void);
int logging_init_serve(void);

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "serve") == 0) return logging_init_serve();
    int kills = logging_init_run();
    printf("%d\n", kills);
    return kills < 0;
}
