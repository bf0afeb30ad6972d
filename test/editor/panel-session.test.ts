import { beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS, REPORT_SCHEMA, type SpectralReport } from '../../src/analysis/report';
import { PanelSession, type SessionEngine, type SessionMessage, startingTensor } from '../../src/editor/panel-session';
import { type AnalysisJob, type AnalyzeUpdate, EngineError, ErrorCode, type FileSummary, type RawLayout } from '../../src/engine/protocol';
import type { TensorInfo } from '../../src/formats/matrix-source';

const PATH = '/models/model.safetensors';

function tensor(name: string, shape: readonly number[] = [100, 8], note: string | null = null): TensorInfo {
  const matrix = shape.length === 2 ? { rows: shape[0]!, columns: shape[1]! } : null;
  return { name, dtype: 'float32', shape, bytes: 0, matrix, note };
}

function file(...tensors: TensorInfo[]): FileSummary {
  return { path: PATH, format: 'safetensors', bytes: 4096, tensors, warnings: [] };
}

function report(name: string, rows = 100): SpectralReport {
  return {
    schema: REPORT_SCHEMA,
    source: { path: PATH, tensor: name, format: 'safetensors', dtype: 'float32', rows: 100, columns: 8, bytes: 3200, note: null },
    sample: { rows, seed: 0, complete: rows === 100, stopped: rows === 100 ? 'whole-file' : null },
    options: DEFAULT_OPTIONS,
    backend: { name: 'cpu', device: 'test', precision: 'float64', selfTestError: 0, fallbackReason: null },
    integrity: { nan: 0, inf: 0, zeroRows: 0, duplicateRows: 0, constantColumns: 0 },
    sigma: null,
    spectrum: null,
    quantities: { codingLogDet: [], effectiveDimension: [] },
    sampling: null,
    verdict: { level: 'healthy', reasons: [{ code: 'fine', message: 'Fine.' }] },
    timings: {},
  };
}

interface Call<T> {
  answer(value: T): void;
  fail(error: Error): void;
}

/** An engine whose answers the test gives, one call at a time. */
class ScriptedEngine implements SessionEngine {
  readonly inspections: (Call<FileSummary> & { raw: RawLayout | undefined })[] = [];
  readonly analyses: (Call<SpectralReport> & { job: AnalysisJob; signal: AbortSignal; update(update: AnalyzeUpdate): void })[] = [];

  inspect(_path: string, _signal?: AbortSignal, raw?: RawLayout): Promise<FileSummary> {
    return new Promise((answer, fail) => this.inspections.push({ answer, fail, raw }));
  }

  analyze(job: AnalysisJob, watch: { signal: AbortSignal; onUpdate: (update: AnalyzeUpdate) => void }): Promise<SpectralReport> {
    return new Promise((answer, fail) => this.analyses.push({ job, signal: watch.signal, update: watch.onUpdate, answer, fail }));
  }
}

/** Lets every promise that is settled by now run its continuations. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

let engine: ScriptedEngine;
let posted: SessionMessage[];
let told: string[];
let copied: string[];
let saved: string[];
let visible: boolean;
let session: PanelSession;
let layout: RawLayout | null;
let answer: RawLayout | null;

beforeEach(() => {
  engine = new ScriptedEngine();
  posted = [];
  told = [];
  copied = [];
  saved = [];
  visible = true;
  layout = null;
  answer = null;
  session = new PanelSession({
    path: PATH,
    engine,
    findings: {
      opened: () => told.push('opened'),
      analysed: (name, { sample }) => told.push(`analysed ${name} ${sample.rows}`),
      unreadable: (name, message) => told.push(`unreadable ${name}: ${message}`),
      failed: (error) => told.push(`failed: ${String(error)}`),
    },
    wording: {
      waiting: 'waiting',
      cancelled: 'cancelled',
      noMatrix: 'no matrix',
      noTensor: (name) => `no tensor ${name}`,
      notAMatrix: (name) => `${name} is not a matrix`,
    },
    options: () => DEFAULT_OPTIONS,
    layout: () => layout,
    askLayout: async () => answer,
    post: (message) => posted.push(message),
    copy: (text) => copied.push(text),
    save: ({ name }) => saved.push(name),
    saveHtml: ({ path }, { source, sample }) => saved.push(`${path}, ${source.tensor}, ${sample.rows} rows`),
    visible: () => visible,
  });
});

const summary = () =>
  posted.map((message) => {
    switch (message.type) {
      case 'file':
        return `file, ${message.selected} selected`;
      case 'progress':
        return `progress ${message.tensor} ${message.fraction} ${message.stage}`;
      case 'report':
        return `${message.final ? 'final' : 'first'} report ${message.tensor} of ${message.report.sample.rows}`;
      case 'failure':
        return `${message.cancelled ? 'cancelled' : 'failure'} ${message.tensor}: ${message.message}`;
    }
    return message satisfies never;
  });

async function opened(summaryOfFile = file(tensor('a'), tensor('b'), tensor('bias', [8]))): Promise<void> {
  session.receive({ type: 'ready', selected: null });
  engine.inspections.at(-1)!.answer(summaryOfFile);
  await settled();
}

describe('a panel that opens', () => {
  it('shows the file, then progress, each refinement, and the report, in this order', async () => {
    await opened();
    const analysis = engine.analyses[0]!;
    expect(analysis.job).toEqual({ path: PATH, tensor: 'a', options: DEFAULT_OPTIONS, priority: 'visible' });
    analysis.update({ fraction: 0.5, stage: 'reading', report: null });
    analysis.update({ fraction: 0.6, stage: 'refining', report: report('a', 60) });
    analysis.answer(report('a'));
    await settled();
    expect(summary()).toEqual([
      'file, a selected',
      'progress a 0 waiting',
      'progress a 0.5 reading',
      'first report a of 60',
      'progress a 0.6 refining',
      'final report a of 100',
    ]);
    expect(told).toEqual(['opened', 'analysed a 100']);
  });

  it('takes up the tensor that it showed before a reload', async () => {
    session.receive({ type: 'ready', selected: 'b' });
    engine.inspections[0]!.answer(file(tensor('a'), tensor('b')));
    await settled();
    expect(engine.analyses[0]!.job.tensor).toBe('b');
  });

  it('falls back to the starting tensor when the remembered one is gone', async () => {
    session.receive({ type: 'ready', selected: 'gone' });
    engine.inspections[0]!.answer(file(tensor('a')));
    await settled();
    expect(summary()).toEqual(['file, a selected', 'progress a 0 waiting']);
  });

  it('says so when the file holds no matrix', async () => {
    await opened(file(tensor('bias', [8])));
    expect(summary()).toEqual(['file, null selected', 'failure null: no matrix']);
    expect(engine.analyses).toEqual([]);
  });
});

describe('another tensor', () => {
  it('ends the analysis that runs, and nothing of it is shown afterwards', async () => {
    await opened();
    const [first] = engine.analyses;
    session.receive({ type: 'select', tensor: 'b' });
    expect(first!.signal.aborted).toBe(true);
    posted.length = 0;
    first!.update({ fraction: 0.9, stage: 'late', report: report('a', 50) });
    first!.answer(report('a'));
    await settled();
    expect(summary()).toEqual([]);
    engine.analyses[1]!.answer(report('b'));
    await settled();
    expect(summary()).toEqual(['final report b of 100']);
    expect(told).toEqual(['opened', 'analysed b 100']);
  });

  it('shows nothing of a failure that comes after it was selected', async () => {
    await opened();
    session.receive({ type: 'select', tensor: 'b' });
    posted.length = 0;
    engine.analyses[0]!.fail(new Error('late'));
    await settled();
    expect(summary()).toEqual([]);
    expect(told).toEqual(['opened']);
  });

  it('selected while the file is being opened is the one analysed', async () => {
    session.receive({ type: 'ready', selected: null });
    session.receive({ type: 'select', tensor: 'b' });
    engine.inspections[0]!.answer(file(tensor('a'), tensor('b')));
    await settled();
    expect(engine.inspections).toHaveLength(1);
    expect(engine.analyses.map(({ job }) => job.tensor)).toEqual(['b']);
  });

  it('that is no matrix, or not there, is answered without the engine', async () => {
    await opened(file(tensor('a'), tensor('bias', [8]), tensor('scalar', [], 'A single number has no spectrum.')));
    posted.length = 0;
    session.receive({ type: 'select', tensor: 'bias' });
    session.receive({ type: 'select', tensor: 'scalar' });
    session.receive({ type: 'select', tensor: 'x' });
    expect(summary()).toEqual([
      'failure bias: bias is not a matrix',
      'failure scalar: A single number has no spectrum.',
      'failure x: no tensor x',
    ]);
    expect(engine.analyses).toHaveLength(1);
  });
});

describe('cancelling', () => {
  it('ends the analysis and says so once', async () => {
    await opened();
    posted.length = 0;
    session.receive({ type: 'cancel' });
    session.receive({ type: 'cancel' });
    expect(engine.analyses[0]!.signal.aborted).toBe(true);
    engine.analyses[0]!.fail(EngineError.cancelled());
    await settled();
    expect(summary()).toEqual(['cancelled a: cancelled']);
    expect(told).toEqual(['opened']);
  });

  it('may come from elsewhere, and is no failure then either', async () => {
    await opened();
    engine.analyses[0]!.fail(EngineError.cancelled());
    await settled();
    expect(summary().at(-1)).toEqual('cancelled a: cancelled');
    expect(told).toEqual(['opened']);
  });

  it('is possible while the file is being opened, and selecting then opens it', async () => {
    session.receive({ type: 'ready', selected: null });
    session.receive({ type: 'cancel' });
    engine.inspections[0]!.answer(file(tensor('a')));
    await settled();
    expect(summary()).toEqual(['cancelled null: cancelled']);
    session.receive({ type: 'select', tensor: 'a' });
    engine.inspections[1]!.answer(file(tensor('a')));
    await settled();
    expect(engine.analyses.map(({ job }) => job.tensor)).toEqual(['a']);
  });

  it('does nothing after the report', async () => {
    await opened();
    engine.analyses[0]!.answer(report('a'));
    await settled();
    posted.length = 0;
    session.receive({ type: 'cancel' });
    expect(summary()).toEqual([]);
  });
});

describe('failures', () => {
  it('of the file are findings, and retrying opens it again', async () => {
    session.receive({ type: 'ready', selected: null });
    engine.inspections[0]!.fail(new EngineError(ErrorCode.format, 'cut short'));
    await settled();
    expect(summary()).toEqual(['failure null: cut short']);
    expect(told).toEqual(['unreadable null: cut short']);
    session.receive({ type: 'retry' });
    engine.inspections[1]!.answer(file(tensor('a')));
    await settled();
    engine.analyses[0]!.answer(report('a'));
    await settled();
    expect(summary().slice(1)).toEqual(['file, a selected', 'progress a 0 waiting', 'final report a of 100']);
    expect(told.slice(1)).toEqual(['opened', 'analysed a 100']);
  });

  it('of the engine are not findings about the file; retrying keeps the tensor', async () => {
    await opened();
    session.receive({ type: 'select', tensor: 'b' });
    engine.analyses[1]!.fail(new EngineError(ErrorCode.stopped, 'The engine stopped.'));
    await settled();
    expect(summary().at(-1)).toBe('failure b: The engine stopped.');
    expect(told.at(-1)).toBe('failed: EngineError: The engine stopped.');
    session.receive({ type: 'retry' });
    engine.inspections[1]!.answer(file(tensor('a'), tensor('b')));
    await settled();
    expect(engine.analyses.at(-1)!.job.tensor).toBe('b');
  });
});

describe('a hidden panel', () => {
  it('shows everything again when it comes back, without asking the engine', async () => {
    await opened();
    session.receive({ type: 'select', tensor: 'b' });
    engine.analyses[1]!.update({ fraction: 0.4, stage: 'refining', report: report('b', 40) });
    posted.length = 0;
    session.receive({ type: 'ready', selected: 'b' });
    expect(summary()).toEqual(['file, b selected', 'first report b of 40', 'progress b 0.4 refining']);
    expect(engine.inspections).toHaveLength(1);
    expect(engine.analyses).toHaveLength(2);
    expect(engine.analyses[1]!.signal.aborted).toBe(false);
    engine.analyses[1]!.answer(report('b'));
    await settled();
    posted.length = 0;
    session.receive({ type: 'ready', selected: 'b' });
    expect(summary()).toEqual(['file, b selected', 'final report b of 100']);
  });

  it('does no work when the file changes until it is shown', async () => {
    await opened();
    visible = false;
    session.invalidate();
    expect(engine.analyses[0]!.signal.aborted).toBe(true);
    await settled();
    expect(engine.inspections).toHaveLength(1);
    visible = true;
    session.receive({ type: 'ready', selected: 'a' });
    expect(engine.inspections).toHaveLength(2);
  });
});

describe('a change of the file or the settings', () => {
  it('analyses the same tensor again', async () => {
    await opened();
    session.receive({ type: 'select', tensor: 'b' });
    engine.analyses[1]!.answer(report('b'));
    await settled();
    session.invalidate();
    engine.inspections[1]!.answer(file(tensor('a'), tensor('b')));
    await settled();
    expect(engine.analyses.at(-1)!.job.tensor).toBe('b');
  });

  it('before the panel is ready changes nothing', () => {
    session.invalidate();
    expect(engine.inspections).toEqual([]);
  });
});

describe('closing', () => {
  it('while the file is being opened posts nothing and starts nothing', async () => {
    session.receive({ type: 'ready', selected: null });
    session.dispose();
    engine.inspections[0]!.answer(file(tensor('a')));
    await settled();
    expect(posted).toEqual([]);
    expect(engine.analyses).toEqual([]);
  });

  it('ends the analysis; later messages are ignored', async () => {
    await opened();
    session.dispose();
    expect(engine.analyses[0]!.signal.aborted).toBe(true);
    posted.length = 0;
    session.receive({ type: 'retry' });
    session.invalidate();
    engine.analyses[0]!.answer(report('a'));
    await settled();
    expect(posted).toEqual([]);
    expect(engine.inspections).toHaveLength(1);
  });
});

it('copies text for the panel', () => {
  session.receive({ type: 'copy', text: '{}' });
  expect(copied).toEqual(['{}']);
});

describe('what the panel exports', () => {
  it('goes where files go', () => {
    session.receive({ type: 'save', file: { name: 'spectrum.svg', encoding: 'utf8', content: '' } });
    expect(saved).toEqual(['spectrum.svg']);
  });

  it('as a page is the report on screen, and nothing before there is one', async () => {
    await opened();
    session.receive({ type: 'saveHtml' });
    expect(saved).toEqual([]);
    engine.analyses[0]!.update({ fraction: 0.5, stage: 'Reading', report: report('a', 50) });
    session.receive({ type: 'saveHtml' });
    expect(saved).toEqual([`${PATH}, a, 50 rows`]);
  });
});

describe('a file of no known format', () => {
  const LAYOUT: RawLayout = { dtype: 'float32', columns: 8 };
  const unknown = () => new EngineError(ErrorCode.unknownFormat, 'Nothing in it says what it is.');
  const ready = (saved?: RawLayout) => session.receive({ type: 'ready', selected: null, layout: saved });
  const failing = async (error = unknown()) => {
    engine.inspections.at(-1)!.fail(error);
    await settled();
  };

  it('can be described, is no problem, and is then read as described', async () => {
    ready();
    await failing();
    expect(posted).toEqual([
      { type: 'failure', tensor: null, message: 'Nothing in it says what it is.', cancelled: false, describable: true },
    ]);
    expect(told).toEqual(['failed: EngineError: Nothing in it says what it is.']);
    // A question that is left changes nothing.
    session.receive({ type: 'describe' });
    await settled();
    expect(engine.inspections).toHaveLength(1);
    answer = LAYOUT;
    session.receive({ type: 'describe' });
    await settled();
    await failing();
    expect(engine.inspections.map(({ raw }) => raw)).toEqual([undefined, undefined, LAYOUT]);
    engine.inspections.at(-1)!.answer(file(tensor('')));
    await settled();
    expect(posted.at(-2)).toMatchObject({ type: 'file', selected: '', layout: LAYOUT });
    expect(engine.analyses[0]!.job.options).toEqual({ ...DEFAULT_OPTIONS, raw: LAYOUT });
  });

  it.each(['the workspace', 'the panel'])('is read as %s remembers', async (which) => {
    if (which === 'the workspace') layout = LAYOUT;
    ready(which === 'the panel' ? LAYOUT : { dtype: 'float64', columns: 2 });
    await failing();
    expect(engine.inspections.at(-1)!.raw).toEqual(LAYOUT);
    // The file has another size now.
    await failing(new EngineError(ErrorCode.format, 'It makes no whole rows.'));
    expect(posted.at(-1)).toMatchObject({ type: 'failure', describable: true });
  });

  it('that says now what it holds is believed', async () => {
    layout = LAYOUT;
    ready();
    engine.inspections[0]!.answer(file(tensor('a')));
    await settled();
    expect(posted[0]).toEqual({ type: 'file', file: file(tensor('a')), selected: 'a' });
    expect(engine.analyses[0]!.job.options).toEqual(DEFAULT_OPTIONS);
  });
});

describe('startingTensor', () => {
  it.each([
    ['the first matrix', [tensor('bias', [8]), tensor('w1'), tensor('w2')], 'w1'],
    [
      'token embeddings before position embeddings',
      [tensor('wpe'), tensor('position_embeddings'), tensor('model.embed_tokens.weight')],
      'model.embed_tokens.weight',
    ],
    ['GPT-2 token embeddings', [tensor('transformer.wpe.weight'), tensor('transformer.wte.weight')], 'transformer.wte.weight'],
    ['anything called an embedding', [tensor('w'), tensor('patch_embed.proj')], 'patch_embed.proj'],
    ['the vectors of a table', [tensor('scores'), tensor('features'), tensor('(numeric columns)')], 'features'],
    ['the largest matrix of a benchmark', [tensor('test', [10, 8]), tensor('train', [90, 8])], 'train'],
    [
      'fractions before larger whole numbers',
      [{ ...tensor('neighbors', [100, 100]), dtype: 'int32' }, tensor('distances', [100, 10]), tensor('train', [90, 16])],
      'train',
    ],
    ['the only array of a file', [tensor('')], ''],
  ])('prefers %s', (_, tensors, expected) => expect(startingTensor(tensors)).toBe(expected));

  it('is null without a matrix', () => expect(startingTensor([tensor('wte', [8])])).toBeNull());
});
