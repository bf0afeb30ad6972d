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
import type { Terminal } from './terminal';
import { type ThreadData, threadTerminal } from './thread';
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

/** Runs the command that `args` begin with; what goes wrong is told in a sentence. The exit code is the process's, or the thread's. */
export async function runArguments(args: readonly string[], terminal: Terminal): Promise<void> {
  process.exitCode = await main(args, terminal).catch((error: unknown) => {
    terminal.complain(sentence(error));
    return ExitCode.failed;
  });
}

if (parentPort !== null) {
  const data = workerData as ThreadData;
  process.argv[1] = data.program;
  void runArguments(process.argv.slice(2), threadTerminal(parentPort, data));
}
