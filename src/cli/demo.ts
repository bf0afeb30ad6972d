import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { analyze } from '../analysis/analyze';
import { DEFAULT_OPTIONS, type SpectralReport } from '../analysis/report';
import type { Backend } from '../compute/kernels';
import { selectBackend } from '../compute/select';
import { openTensorFile } from '../formats/registry';
import { parseArguments } from './arguments';
import { type Command, ExitCode } from './command';
import { Failure } from './failure';
import { wrap } from './printable';
import { type Generation, runText } from './run-table';
import type { Terminal } from './terminal';

const HELP = `Usage: sigma demo [DIR]

Copies two small recursive-training runs into DIR (default: ./sigma-demo) and analyses every generation.
In one of them a language model is trained on its predecessor's outputs only; the other is its control.`;

const LEGEND = "Shape, log scale and SIGMA's U_cov are in nats; dU is the drift of U_cov since generation 0.";
const LIMITS =
  'These are differences, not alarms: saying when a run leaves the range of its control, with a controlled rate of false alarms, is not in this version.';

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
      for (const { folder, title } of RUNS) {
        const generations = await analyzeRun(join(directory, folder), backend, terminal);
        terminal.print(`${runText(`${folder}: ${title}`, generations, terminal.style, terminal.width)}\n`);
      }
    } finally {
      terminal.progress.erase();
      await backend.kernels.close();
    }
    terminal.print(terminal.style.dim([LEGEND, LIMITS].flatMap((text) => wrap(text, terminal.width)).join('\n')));
    terminal.print(
      `\n${terminal.style.bold('Next')}  ${invocation()} analyze ${join(directory, 'replace-s0', 'generation-10', 'embeddings.npy')}`,
    );
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

/** @param run a folder with `generation-<k>/embeddings.npy` */
async function analyzeRun(run: string, backend: Backend, terminal: Terminal): Promise<Generation[]> {
  const numbers = (await readdir(run))
    .map((name) => /^generation-(\d+)$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  const generations: Generation[] = [];
  for (const [i, number] of numbers.entries()) {
    terminal.progress.draw(i / numbers.length, `${run}, generation ${number}`);
    generations.push({ number, report: await analyzeEmbeddings(join(run, `generation-${number}`, 'embeddings.npy'), backend) });
  }
  return generations;
}

async function analyzeEmbeddings(path: string, backend: Backend): Promise<SpectralReport> {
  const file = await openTensorFile(path);
  try {
    return await analyze(file, file.tensors[0]!.name, DEFAULT_OPTIONS, backend, { poll() {}, progress() {}, refined: null });
  } finally {
    await file.close();
  }
}

/** How this program was called, so that the next command can be copied. */
function invocation(): string {
  const script = process.argv[1];
  return script.endsWith('.js') ? `node ${relative('', script)}` : 'sigma';
}
