import { basename } from 'node:path';
import type { Level } from '../analysis/report';
import { analyzeCheckpoint } from '../runs/analyze-checkpoint';
import { inOrder } from '../runs/analyze-run';
import type { Checkpoint } from '../runs/checkpoint';
import { checkpointKey } from '../runs/content-key';
import { deletedCheckpoints } from '../runs/deleted-checkpoints';
import { giveWay } from '../runs/give-way';
import { pack, sharing, unpack } from '../runs/packed-reports';
import { recognise } from '../runs/recognise';
import type { AnalyzedCheckpoint, RunReport } from '../runs/run-report';
import { type WatchNotice, watchRun } from '../runs/watch-run';
import { forecastSentence } from '../words/run';
import { unreachablePhrase } from '../words/unreachable';
import { parseArguments } from './arguments';
import { type Command, ExitCode } from './command';
import { Failure } from './failure';
import { levelTag, levelText } from './levels';
import { printable, wrap } from './printable';
import { inRunSession, RUN_FLAGS, RUN_FLAGS_HELP, type RunSession, runRequest, runsIn, unknownBaseline } from './run-session';
import type { Style } from './style';
import type { Terminal } from './terminal';

const HELP = `Usage: sigma watch DIR... [flags]

Follows training runs while they go on: analyses each checkpoint once its save is complete, judges the run
again, and prints a line for each, with the reasons whenever the level changes. A DIR that holds runs stands
for all that are there now; an empty one is waited for. It looks every few seconds, holds no file open in
between, writes nothing there, and ends with Ctrl-C.

${RUN_FLAGS_HELP}
  --json             one JSON document per event, one per line

Exit codes: 130 interrupted, 2 it could not begin.`;

/** What happens to a run, beside what its watch notices. `--json` prints it with its time. */
export type WatchEvent = { readonly run: string } & (
  | { readonly event: 'following'; readonly recognised: string; readonly missing: readonly string[] }
  | ({
      readonly event: 'checkpoint';
      readonly checkpoint: string;
      readonly step: number;
      /** Of the run, as far as it is analysed; before the first checkpoint null. */
      readonly before: Level | null;
    } & Pick<RunReport, 'level' | 'reasons' | 'kinds' | 'baseline' | 'onset' | 'alarm' | 'forecast'>)
  | NoticeEvent
);
type NoticeEvent = WatchNotice extends infer N
  ? N extends { readonly kind: infer K }
    ? Omit<N, 'kind'> & { readonly event: K }
    : never
  : never;

export const watchCommand: Command = {
  name: 'watch',
  summary: 'the same, live: each checkpoint as it is saved',
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = parseArguments('watch', args, RUN_FLAGS);
    const request = runRequest(values);
    if (positionals.length === 0) throw new Failure('watch needs a folder of checkpoints: sigma watch DIR...');
    giveWay();
    const runs = (await Promise.all(positionals.map(runsIn))).flat();
    return inRunSession(request, runs, terminal, async (session) => {
      // One matrix at a time: each takes the whole backend.
      let turn: Promise<unknown> = Promise.resolve();
      const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
        const done = turn.then(work);
        turn = done.catch(() => {});
        return done;
      };
      const stop = new AbortController();
      try {
        await Promise.all(runs.map((directory) => follow(directory, session, inTurn, terminal, stop.signal)));
      } finally {
        stop.abort();
      }
      return ExitCode.interrupted;
    });
  },
};

async function follow(
  directory: string,
  session: RunSession,
  inTurn: <T>(work: () => Promise<T>) => Promise<T>,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { baseline, json } = session.request;
  const analyzer = session.analyzer(directory);
  const hooks = {
    poll() {},
    progress: (fraction: number, stage: string) => terminal.progress.draw(fraction, `${basename(analyzer.run)} · ${stage}`),
  };
  const tell = (event: WatchEvent): void => {
    if (json) terminal.print(JSON.stringify({ time: new Date().toISOString(), ...event }));
    else terminal.print(eventText(event, new Date(), terminal.style, terminal.width));
  };

  let listing = await recognise(directory);
  tell({ event: 'following', run: directory, recognised: listing.recognised, missing: listing.missing });
  // Complete, as far as can be told: that they have to settle first is no news.
  const present = new Set(listing.checkpoints.flatMap(({ name, marker }) => (marker === 'pending' ? [] : [name])));
  const { history, run } = analyzer;
  const names = listing.checkpoints.map(({ name }) => name);
  const share = sharing();
  /** It goes on for days: what is kept is small. */
  const kept = ({ name, step, matrices }: AnalyzedCheckpoint) => ({ name, step, matrices: unpack(pack(matrices), share) });
  let checkpoints: readonly AnalyzedCheckpoint[] = history === null ? [] : (await deletedCheckpoints(history, run, names)).map(kept);
  let level: Level | null = null;
  await watchRun(analyzer.run, {
    signal,
    recognise: async (path) => {
      listing = await recognise(path);
      return listing;
    },
    ready: (checkpoint, key) => inTurn(() => ready(checkpoint, key)),
    notice({ kind, ...rest }) {
      if (kind === 'waiting' && 'checkpoint' in rest && present.delete(rest.checkpoint)) return;
      tell({ event: kind, run: directory, ...rest } as WatchEvent);
    },
  });

  async function ready(checkpoint: Checkpoint, key: string): Promise<void> {
    const analysis = await analyzeCheckpoint(checkpoint, analyzer, hooks);
    terminal.progress.erase();
    session.complainOfUnkept();
    // Overwritten meanwhile: it will be handed over again.
    if ((await checkpointKey(checkpoint)) !== key) return;
    if (analysis.checkpoint.matrices.length > 0) {
      checkpoints = inOrder([...checkpoints.filter(({ name }) => name !== checkpoint.name), kept(analysis.checkpoint)]);
      const judged = judgement();
      const { name, step } = checkpoint;
      tell({ event: 'checkpoint', run: directory, checkpoint: name, step, before: level, ...judged });
      level = judged.level;
    }
    if (analysis.problems.length > 0) throw new Failure(analysis.problems.join(' '));
  }

  function judgement(): Pick<RunReport, 'level' | 'reasons' | 'kinds' | 'baseline' | 'onset' | 'alarm' | 'forecast'> {
    // The baseline may be yet to come.
    const unknown = unknownBaseline(baseline, checkpoints);
    if (unknown !== null) {
      const reasons = [{ code: 'no-baseline', message: `Nothing to compare with yet: ${unknown}.` }];
      return { level: 'unknown', reasons, kinds: [], baseline, onset: null, alarm: null, forecast: null };
    }
    const {
      level,
      reasons,
      kinds,
      baseline: name,
      onset,
      alarm,
      forecast,
    } = session.report(directory, { listing, checkpoints, pending: [], problems: [] });
    return { level, reasons, kinds, baseline: name, onset, alarm, forecast };
  }
}

/** One event for a person: the time, what happened, and below it why, where that is news, and where to. */
export function eventText(event: WatchEvent, time: Date, style: Style, width: number): string {
  const clock = `${time.toLocaleTimeString('en-GB')}  `;
  const indent = ' '.repeat(clock.length);
  const below = (texts: readonly string[]) =>
    texts.flatMap((text) => wrap(printable(text), width - indent.length).map((line) => indent + line));
  const run = printable(event.run);
  const line = (text: string): string => style.dim(clock) + text;
  switch (event.event) {
    case 'following':
      return [line(`Following ${style.bold(run)}`), ...below([event.recognised, ...event.missing]).map(style.dim)].join('\n');
    case 'checkpoint': {
      const { level, before, reasons, forecast, checkpoint } = event;
      const what = `${style.bold(printable(checkpoint))} of ${run}`;
      const news = level !== before;
      const verdict = news ? style.bold(levelText(level, style)) : levelTag(level, style);
      const why = news ? reasons.map(({ message }) => message) : [];
      const outlook = forecast === null ? [] : [`Forecast: ${forecastSentence(forecast)}.`];
      return [line(`${verdict}  ${what}`), ...below([...why, ...outlook])].join('\n');
    }
    case 'waiting':
      return line(style.dim(`${printable(event.checkpoint)} of ${run}: ${printable(event.waitingFor)}`));
    case 'unreadable':
      return line(style.yellow(`${printable(event.checkpoint)} of ${run} cannot be read: ${printable(event.reason)}`));
    case 'failed':
      return line(style.yellow(`${printable(event.checkpoint)} of ${run} could not be analysed: ${printable(event.reason)}`));
    case 'vanished':
      return line(style.dim(`${printable(event.checkpoint)} of ${run} is gone before it was read to its end`));
    case 'changed':
      return line(style.dim(`${printable(event.checkpoint)} of ${run} was overwritten while it was read; it will be read again`));
    case 'unreachable':
      return line(style.yellow(`${run} cannot be reached: ${printable(unreachablePhrase(event.reason))}; trying again`));
    case 'reachable':
      return line(`${run} can be reached again`);
  }
}
