# zsh -f complete.zsh SCRIPT LINE
#
# What a real zsh offers when tab is pressed after LINE, one word a line, by the completion in
# SCRIPT. An inner shell with a terminal of its own is typed into; its `compadd` tells what it gets.

zmodload zsh/zpty zsh/zselect

answer=$(mktemp)

cat > $answer.setup <<'SETUP'
PS1=
autoload -Uz compinit && compinit -D -u
source $DEVSTACK_COMPLETION
compadd() {
    # Only asked what would fit.
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd "$@"
        return
    fi
    local -a fitting
    builtin compadd -O fitting "$@"
    (( $#fitting )) && print -rl -- $fitting >> $DEVSTACK_ANSWER
    builtin compadd "$@"
}
tell_end() { print -r -- "(end)" >> $DEVSTACK_ANSWER }
zle -N tell_end
bindkey '^Xd' tell_end
print -r -- "(ready)" >> $DEVSTACK_ANSWER
SETUP

export DEVSTACK_COMPLETION=$1 DEVSTACK_ANSWER=$answer TERM=dumb
zpty -b inner zsh -f -i
trap 'rm -f $answer $answer.setup' EXIT  # Not earlier: the inner shell would have it too.
zpty -w inner "source $answer.setup"

wait_for() {  # Whoever started us has a deadline.
    until grep -qxF "$1" $answer; do
        while zpty -rt inner ignored; do :; done
        zselect -t 2
    done
}

wait_for '(ready)'
zpty -wn inner "$2"$'\t\C-xd'
wait_for '(end)'
zpty -d inner
grep -vxF -e '(ready)' -e '(end)' $answer | sort -u
