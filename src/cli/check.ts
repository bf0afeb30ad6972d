import type { Level } from '../analysis/report';
import { toJson } from '../analysis/report-json';
import { LEVELS_WORST_FIRST } from '../analysis/verdict';
import type { RunReport } from '../runs/run-report';
import { parseArguments, parseChoice } from './arguments';
import { type Command, ExitCode } from './command';
import { Failure, sentence } from './failure';
import { levelText } from './levels';
import { printable } from './printable';
import { complainOfUnread, inRunSession, RUN_FLAGS, RUN_FLAGS_HELP, type RunSession, runRequest, runsIn } from './run-session';
import type { Style } from './style';
import type { Terminal } from './terminal';

const HELP = `Usage: sigma check DIR... [--fail-on LEVEL] [flags]

Gates a pipeline: judges each run as sigma run does, says it in one line, and fails where one is as bad as
LEVEL or worse. The levels are healthy, unknown, watch, collapsing, collapsed, broken, in this order. Broken
numbers always fail; what is unknown is said and never fails. A DIR that holds runs stands for all of them.

  --fail-on LEVEL    watch, collapsing or collapsed (default: collapsing)
${RUN_FLAGS_HELP}
  --json             one JSON document (sigma.run/1) per run, one per line

Exit codes: 0 no run is that bad, 1 at least one is, 2 something could not be done, 130 interrupted.`;

export const checkCommand: Command = {
  name: 'check',
  summary: 'the same as a gate for pipelines: fails where a run is as bad as you say',
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = parseArguments('check', args, {
      ...RUN_FLAGS,
      'fail-on': { type: 'string', default: 'collapsing' },
    });
    const request = runRequest(values);
    const failOn = parseChoice('--fail-on', values['fail-on'], ['watch', 'collapsing', 'collapsed']);
    if (positionals.length === 0) throw new Failure('check needs a folder of checkpoints: sigma check DIR...');
    let failed = false;
    const runs: string[] = [];
    for (const directory of positionals) {
      try {
        runs.push(...(await runsIn(directory)));
      } catch (error) {
        terminal.complain(sentence(error));
        failed = true;
      }
    }
    if (runs.length === 0) return ExitCode.failed;
    return inRunSession(request, runs, terminal, async (session) => {
      let found = false;
      for (const directory of runs) {
        const level = await checkRun(directory, session, terminal);
        if (level === null || level.unread) failed = true;
        if (level !== null && isAtLeast(level.level, failOn)) found = true;
      }
      if (found) return ExitCode.findings;
      return failed ? ExitCode.failed : ExitCode.fine;
    });
  },
};

/** Null when it could not be done; stderr then says why. */
async function checkRun(
  directory: string,
  session: RunSession,
  terminal: Terminal,
): Promise<{ readonly level: Level; readonly unread: boolean } | null> {
  try {
    const run = await session.analyze(directory);
    const report = session.report(directory, run);
    terminal.print(session.request.json ? JSON.stringify(toJson(report)) : checkLine(report, terminal.style));
    return { level: report.level, unread: complainOfUnread(directory, run, `sigma run ${directory} says why`, terminal) };
  } catch (error) {
    terminal.complain(sentence(error));
    return null;
  }
}

/** Whether a level is as bad as another, or worse. */
export function isAtLeast(level: Level, other: Level): boolean {
  return LEVELS_WORST_FIRST.indexOf(level) <= LEVELS_WORST_FIRST.indexOf(other);
}

/** One line however long: pipelines keep logs, and search them by line. */
export function checkLine({ level, path, reasons }: RunReport, style: Style): string {
  return `${style.bold(levelText(level, style))}  ${printable(path)}: ${printable(reasons[0]!.message)}`;
}
