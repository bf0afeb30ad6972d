import { parentPort, workerData } from 'node:worker_threads';
import { version } from '../../package.json';
import { analyzeCommand } from './analyze';
import { checkCommand } from './check';
import { closest, editDistance } from './closest';
import { type Command, ExitCode } from './command';
import { compareCommand } from './compare';
import { demoCommand } from './demo';
import { doctorCommand } from './doctor';
import { Failure, sentence } from './failure';
import { runCommand } from './run';
import { createTerminal, type Terminal } from './terminal';
import { runInThread, threadTerminal } from './thread';
import { watchCommand } from './watch';

const COMMANDS: readonly Command[] = [analyzeCommand, compareCommand, runCommand, watchCommand, checkCommand, doctorCommand, demoCommand];

const HELP = `Sigma: spectral health of embeddings and checkpoints

Usage: sigma COMMAND [flags]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(9)}  ${summary}`).join('\n')}

sigma COMMAND --help explains a command's flags; sigma --version prints the version.`;

async function main(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [first, ...rest] = args;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    terminal.print(HELP);
    return ExitCode.fine;
  }
  if (first === '--version' || first === '-V') {
    terminal.print(version);
    return ExitCode.fine;
  }
  const command = COMMANDS.find(({ name }) => name === first);
  if (command === undefined) throw new Failure(unknownCommand(first));
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.print(command.help);
    return ExitCode.fine;
  }
  return command.run(rest, terminal);
}

function unknownCommand(word: string): string {
  const names = COMMANDS.map(({ name }) => name);
  const [nearest] = closest(word, names, 1);
  const hint = editDistance(word, nearest!) <= 2 ? `did you mean ${nearest}?` : `the commands are ${names.join(', ')}`;
  return `there is no ${word.startsWith('-') ? 'flag' : 'command'} '${word}'; ${hint}`;
}

if (parentPort === null) {
  const terminal = createTerminal(process.stdout, process.stderr, process.env);
  process.on('SIGINT', () => {
    terminal.progress.erase();
    process.exit(ExitCode.interrupted);
  });
  // A reader that has seen enough, such as `head`, is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(ExitCode.fine);
    throw error;
  });
  void runInThread(__filename, process.argv.slice(2), terminal).then((exitCode) => {
    process.exitCode = exitCode;
  });
} else {
  const terminal = threadTerminal(parentPort, workerData);
  void main(process.argv.slice(2), terminal)
    .catch((error: unknown) => {
      terminal.complain(sentence(error));
      return ExitCode.failed;
    })
    .then((exitCode) => {
      process.exitCode = exitCode;
    });
}
