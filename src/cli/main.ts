import { parentPort, workerData } from 'node:worker_threads';
import { version } from '../../package.json';
import { closest, editDistance } from '../words/closest';
import { analyzeCommand } from './analyze';
import { checkCommand } from './check';
import { type Command, ExitCode } from './command';
import { compareCommand } from './compare';
import { demoCommand } from './demo';
import { doctorCommand } from './doctor';
import { Failure, sentence } from './failure';
import { mcpCommand } from './mcp';
import { runCommand } from './run';
import { createTerminal, type Terminal } from './terminal';
import { runInThread, threadTerminal } from './thread';
import { watchCommand } from './watch';

const COMMANDS: readonly Command[] = [
  analyzeCommand,
  compareCommand,
  runCommand,
  watchCommand,
  checkCommand,
  doctorCommand,
  demoCommand,
  mcpCommand,
];

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

async function mainOrComplaint(args: readonly string[], terminal: Terminal): Promise<void> {
  process.exitCode = await main(args, terminal).catch((error: unknown) => {
    terminal.complain(sentence(error));
    return ExitCode.failed;
  });
}

if (parentPort === null) {
  const args = process.argv.slice(2);
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
  if (COMMANDS.some(({ name, inFirstThread }) => name === args[0] && inFirstThread)) {
    void mainOrComplaint(args, terminal);
  } else {
    void runInThread(__filename, args, terminal).then((exitCode) => {
      process.exitCode = exitCode;
    });
  }
} else {
  void mainOrComplaint(process.argv.slice(2), threadTerminal(parentPort, workerData));
}
