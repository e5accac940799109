_Noreturn void trapping_init_main(void);

int main(void) {
    trapping_init_main();
}
