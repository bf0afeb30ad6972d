import { join } from 'node:path';
import { ExitCode } from './command';
import { createTerminal } from './terminal';
import { runInThread } from './thread';

/** A bundle of its own: all that commands need is loaded where they run, and only there. */
const COMMANDS = join(__dirname, 'sigma-commands.js');
/** Reads standard input, which other threads do not have; its arithmetic is done in another process. */
const IN_FIRST_THREAD = 'mcp';

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
if (args[0] === IN_FIRST_THREAD) {
  const { runArguments } = require(COMMANDS) as typeof import('./commands');
  void runArguments(args, terminal);
} else {
  void runInThread(COMMANDS, args, terminal).then((exitCode) => {
    process.exitCode = exitCode;
  });
}
