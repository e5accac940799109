// Runs one command by a recipe, as PID 1 does, and ends with its code:
//
//   recipe-child STAGE [KEY TEXT]...
//
// STAGE and KEY are the raw values of Stage and RecipeKey. In TEXT a `|` stands for a NUL. KEY
// `cgroup` has the directory of the cgroup for its text, and `log` a file.

int recipe_child_run(int count, char **arguments, char **environment);

int main(int count, char **arguments, char **environment) {
    return recipe_child_run(count, arguments, environment);
}
