// Nothing to run: that every public header compiles alone, and links twice, shows when this is built.
int main() { return 0; }
