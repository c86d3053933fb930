#include "devstack/base/text.hpp"

#include "cli/commands.hpp"

#include <string_view>
#include <vector>

// The scripts only hand on what was typed and what `devstack __complete` answers: they know no
// command and no option, and need not be written anew when there are others.

namespace devstack::cli {

namespace {

constexpr std::string_view bash_script = R"(# Completion of devstack for bash.
_devstack() {
    local current=${COMP_WORDS[COMP_CWORD]} line
    COMPREPLY=()
    # Of `--name=value` bash makes three words, and puts the answer behind the `=`.
    [[ $current == = ]] && current=
    while IFS= read -r line; do
        case $line in
            :directories | :profiles)
                compopt -o filenames 2>/dev/null
                while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
                    compgen -d -- "$current"
                    [[ $line == :profiles ]] && compgen -f -X '!*.toml' -- "$current"
                )
                ;;
            *) COMPREPLY+=("${line%%$'\t'*}") ;;
        esac
    done < <("${COMP_WORDS[0]/#\~/$HOME}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _devstack devstack
)";

constexpr std::string_view zsh_script = R"(#compdef devstack
# Completion of devstack for zsh.
_devstack() {
    local line
    local -a found
    local -a typed=("${(@Q)words[2,CURRENT-1]}" "$PREFIX")
    for line in "${(@f)$(${(Q)words[1]} __complete "${(@)typed}" 2>/dev/null)}"; do
        case $line in
            '') ;;
            :directories) _files -/ ;;
            :profiles) _files -g '*.toml' ;;
            *) found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
        esac
    done
    (( $#found )) && _describe -V devstack found
}
if [[ $funcstack[1] == _devstack ]]; then
    _devstack "$@"
else
    compdef _devstack devstack
fi
)";

constexpr std::string_view fish_script = R"(# Completion of devstack for fish.
function __devstack_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] __complete $words[2..] "$current" 2>/dev/null)
        switch $line
            case :directories
                __fish_complete_directories "$current"
            case :profiles
                __fish_complete_suffix .toml
            case '*'
                echo $line
        end
    end
end
complete -c devstack -f -a '(__devstack_complete)'
)";

}  // namespace

int run_completion(const CompletionOptions& options) {
    if (options.shell == "bash") return print(bash_script) ? exit_done : exit_failed;
    if (options.shell == "zsh") return print(zsh_script) ? exit_done : exit_failed;
    if (options.shell == "fish") return print(fish_script) ? exit_done : exit_failed;
    const std::vector<std::string> known = {"bash", "zsh", "fish"};
    complain("there is no completion for " + options.shell + did_you_mean(options.shell, known) +
             "; known are " + join_for_people(known));
    return exit_usage;
}

}  // namespace devstack::cli
