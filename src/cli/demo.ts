import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { DEFAULT_OPTIONS } from '../analysis/report';
import { selectBackend } from '../compute/select';
import { analyzeRun, runReport } from '../runs/analyze-run';
import type { AnalyzedCheckpoint } from '../runs/run-report';
import { parseArguments } from './arguments';
import { type Command, ExitCode } from './command';
import { Failure } from './failure';
import { runText } from './run-table';

const HELP = `Usage: sigma demo [DIR]

Copies two small recursive-training runs into DIR (default: ./sigma-demo) and judges them as sigma run does.
In one of them a language model is trained on its predecessor's outputs only; the other is its control.`;

/** The first is the control of the others. */
const RUNS = [
  { folder: 'control-s0', title: 'each generation is trained on fresh real text' },
  { folder: 'replace-s0', title: "each generation is trained on its predecessor's outputs only" },
] as const;

/** Beside dist/ in the repository. */
const SAMPLES = join(__dirname, '..', 'samples');
/** Tells a copy of the samples from a folder of somebody's own. */
const MARK = 'README.md';

export const demoCommand: Command = {
  name: 'demo',
  summary: 'a model that collapses, and one that does not, on real data',
  help: HELP,
  async run(args, terminal) {
    const { positionals } = parseArguments('demo', args, {});
    if (positionals.length > 1) throw new Failure(`demo takes one folder, but got ${positionals.length}`);
    const directory = positionals[0] ?? 'sigma-demo';
    await copySamples(directory);
    terminal.print(`The sample runs are in ${terminal.style.bold(directory)}; their README.md says how they were made.\n`);

    const backend = await selectBackend('auto');
    try {
      const controls: (readonly AnalyzedCheckpoint[])[] = [];
      for (const { folder, title } of RUNS) {
        const path = join(directory, folder);
        const progress = (fraction: number, stage: string): void => terminal.progress.draw(fraction, `${folder} · ${stage}`);
        const run = await analyzeRun({ run: resolve(path), options: DEFAULT_OPTIONS, backend, history: null }, { poll() {}, progress });
        const text = runText(runReport(path, run, { baseline: null, controls }), terminal.style, terminal.width);
        terminal.print(`${terminal.style.bold(`${folder}: ${title}`)}\n\n${text}\n\n`);
        controls.push(run.checkpoints);
      }
    } finally {
      terminal.progress.erase();
      await backend.kernels.close();
    }
    const [control, replace] = RUNS.map(({ folder }) => join(directory, folder));
    terminal.print(`${terminal.style.bold('Next')}  ${invocation()} run ${replace} --control ${control}`);
    return ExitCode.fine;
  },
};

/** @throws Failure when there are no samples, or the folder is somebody's own */
async function copySamples(directory: string): Promise<void> {
  const mark = await readFile(join(SAMPLES, MARK)).catch(() => null);
  if (mark === null) throw new Failure('demo: the sample runs are not part of this package; they come with the source repository');
  const present = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (present.length > 0 && !(await readFile(join(directory, MARK)).catch(() => null))?.equals(mark)) {
    throw new Failure(`${directory}: the folder is not empty and not a copy of the samples; name another: sigma demo DIR`);
  }
  await mkdir(directory, { recursive: true });
  // The mark goes first: a copy that was interrupted can be completed.
  await cp(join(SAMPLES, MARK), join(directory, MARK));
  await cp(SAMPLES, directory, { recursive: true });
}

/** How this program was called, so that the next command can be copied. */
function invocation(): string {
  const script = process.argv[1];
  return script.endsWith('.js') ? `node ${relative('', script)}` : 'sigma';
}
