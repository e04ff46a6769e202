// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Ctl;

/// <summary>
/// The shells' halves of completion. They hand the line to the program itself, which knows best: [suggest:N] LINE
/// prints what may stand at its Nth character.
/// </summary>
internal static class CompletionScripts
{
    public static string For(string shell) => shell switch
    {
        "bash" =>
            """
            _intermezzo_ctl() {
            	local word=${COMP_WORDS[COMP_CWORD]} line
            	COMPREPLY=()
            	while IFS= read -r line; do
            		[[ $line == "$word"* ]] && COMPREPLY+=("$line")
            	done < <(intermezzo-ctl "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)
            }
            complete -o default -F _intermezzo_ctl intermezzo-ctl

            """,
        "zsh" =>
            """
            #compdef intermezzo-ctl
            _intermezzo_ctl() {
            	local -a found
            	found=("${(@f)$(intermezzo-ctl "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
            	compadd -a found
            }
            _intermezzo_ctl "$@"

            """,
        _ =>
            """
            complete -c intermezzo-ctl -a '(intermezzo-ctl "[suggest:"(string length -- (commandline -cp))"]" (commandline -cp) 2>/dev/null)'

            """,
    };
}
