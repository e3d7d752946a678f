import { Argument, Command } from 'commander';
import type { CommandOutput } from '../command/command-output.js';

/** The command `sluice completion`, which prints a completion script for a shell. */
export function completionCommand(program: Command, output: CommandOutput): Command {
  return new Command('completion')
    .description('Print a script that completes commands and options in a shell.')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'fish', 'zsh']))
    .addHelpText(
      'after',
      `
Examples:
  source <(sluice completion bash)
  sluice completion zsh > "\${fpath[1]}/_sluice"
  sluice completion fish > ~/.config/fish/completions/sluice.fish`,
    )
    .action((shell: string) =>
      output.out(shell === 'fish' ? fishScript(program) : bashScript(program, shell)),
    );
}

function optionsOf(command: Command): string[] {
  return command.options.flatMap(({ long }) => (long == null ? [] : [long]));
}

/** Returns the script for bash. zsh runs it too. */
function bashScript(program: Command, shell: string): string {
  const cases = program.commands.map(
    (command) => `    ${command.name()}) words="${optionsOf(command).join(' ')} --help" ;;`,
  );
  const names = program.commands.map((command) => command.name()).join(' ');
  const head = shell === 'zsh' ? '#compdef sluice\nautoload -U +X bashcompinit && bashcompinit\n' : '';
  return `${head}_sluice() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words="${names} --help --version" ;;
  esac
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ] || [ "\${current#-}" != "$current" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -o default -F _sluice sluice
`;
}

function fishScript(program: Command): string {
  const lines = program.commands.flatMap((command) => [
    `complete -c sluice -n __fish_use_subcommand -a ${command.name()} -d '${command.description().replaceAll("'", "\\'")}'`,
    ...optionsOf(command).map(
      (option) =>
        `complete -c sluice -n '__fish_seen_subcommand_from ${command.name()}' -l ${option.slice(2)}`,
    ),
  ]);
  return `${lines.join('\n')}\n`;
}
