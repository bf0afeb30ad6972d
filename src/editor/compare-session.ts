import type { CompareHostMessage, ComparePanelMessage, NamedSide } from '../../webview/compare/protocol';
import type { ExportFile } from '../../webview/export/files';
import type { AnalysisOptions } from '../analysis/report';
import type { EngineClient, JobWatch } from '../engine/client';
import { EngineError, ErrorCode, type FileSummary } from '../engine/protocol';
import type { TensorInfo } from '../formats/matrix-source';
import { columnsSentence } from '../words/comparison';
import { startingTensor } from './panel-session';

/** The part of the engine that a comparison needs. */
export type CompareEngine = Pick<EngineClient, 'inspect' | 'analyze' | 'compare'>;

export interface CompareWording {
  readonly cancelled: string;
  readonly noMatrix: string;
  /** No matrix goes by the same name in all files. */
  readonly noCommonMatrix: string;
  readonly noBaseline: string;
}

export interface CompareSessionParts {
  readonly engine: CompareEngine;
  readonly wording: CompareWording;
  /** Read at the start of each comparison. @param path of the baseline */
  options(path: string): AnalysisOptions;
  post(message: CompareHostMessage): void;
  copy(text: string): void;
  save(file: ExportFile): void;
  failed(error: unknown): void;
}

/** A matrix that all files have: its name, and what each file calls it. */
export interface MatrixChoice {
  readonly name: string;
  readonly tensors: readonly string[];
}

/**
 * One panel's conversation with the engine: analyses the baseline and then each other side, and compares that with the baseline at once,
 * so that results come side by side. One piece of work runs at a time; what is posted is kept for a panel that comes back from being hidden.
 */
export class CompareSession {
  readonly #parts: CompareSessionParts;
  /** The baseline first. */
  #sides: readonly NamedSide[];
  #matrix: string | null;
  #choices: readonly MatrixChoice[] = [];
  #work: AbortController | null = null;
  #shown: CompareHostMessage[] = [];
  #status: CompareHostMessage | null = null;
  #opened = false;

  /** @param matrix the name of the matrix to compare; null leaves it open */
  constructor(sides: readonly NamedSide[], matrix: string | null, parts: CompareSessionParts) {
    this.#sides = sides;
    this.#matrix = matrix;
    this.#parts = parts;
  }

  receive(message: ComparePanelMessage): void {
    switch (message.type) {
      case 'ready':
        if (this.#opened) this.#replay();
        else this.restart();
        break;
      case 'baseline': {
        const chosen = this.#sides[message.side];
        if (chosen === undefined || message.side === 0) return;
        this.#sides = [chosen, ...this.#sides.filter((side) => side !== chosen)];
        this.restart();
        break;
      }
      case 'matrix': {
        const choice = this.#choices[message.matrix];
        if (choice === undefined || choice.name === this.#matrix) return;
        this.#matrix = choice.name;
        this.restart();
        break;
      }
      case 'cancel':
        if (this.#work === null) return;
        this.#work.abort();
        this.#work = null;
        this.#post({ type: 'failure', message: this.#parts.wording.cancelled, cancelled: true });
        break;
      case 'retry':
        this.restart();
        break;
      case 'copy':
        this.#parts.copy(message.text);
        break;
      case 'save':
        this.#parts.save(message.file);
        break;
    }
  }

  /** Ends the work that runs and begins anew. */
  restart(): void {
    this.#opened = true;
    this.#work?.abort();
    const work = new AbortController();
    this.#work = work;
    this.#compareAll(work.signal)
      .catch((error: unknown) => {
        if (work.signal.aborted) return;
        const cancelled = isCancelled(error);
        const message = cancelled ? this.#parts.wording.cancelled : messageOf(error);
        this.#post({ type: 'failure', message, cancelled });
        if (!cancelled) this.#parts.failed(error);
      })
      .finally(() => {
        if (this.#work === work) this.#work = null;
      });
  }

  dispose(): void {
    this.#work?.abort();
  }

  async #compareAll(signal: AbortSignal): Promise<void> {
    const { wording, engine } = this.#parts;
    const sides = this.#sides;
    const files = await Promise.all(sides.map(({ path }) => attempt(engine.inspect(path, signal))));
    if (signal.aborted) return;
    const readable = files.flatMap(({ value }) => (value !== null && matrices(value).length > 0 ? [value] : []));
    this.#choices = commonMatrices(readable);
    this.#matrix = startingMatrix(this.#choices, readable, this.#matrix);
    const choice = this.#choices.find(({ name }) => name === this.#matrix);
    this.#post({
      type: 'sides',
      sides: [...sides],
      matrices: this.#choices.map(({ name }) => name),
      matrix: choice === undefined ? null : this.#choices.indexOf(choice),
    });
    const places = sides.map(({ path }, side): Place | null => {
      const { value: file, problem } = files[side]!;
      const at = file === null ? -1 : readable.indexOf(file);
      const tensor = choice?.tensors[at];
      const info = file?.tensors.find(({ name }) => name === tensor);
      if (info?.matrix) return { path, tensor: info.name, columns: info.matrix.columns };
      if (at < 0) this.#post({ type: 'trouble', side, message: problem ?? wording.noMatrix });
      return null;
    });
    if (choice === undefined) {
      this.#post({ type: 'failure', message: readable.length === 0 ? wording.noMatrix : wording.noCommonMatrix, cancelled: false });
      return;
    }
    const options = this.#parts.options(sides[0]!.path);
    let baseline: Place | null = null;
    for (const [side, place] of places.entries()) {
      if (place === null) continue;
      const report = await this.#attempted(side, (watch) => engine.analyze({ ...place, options, priority: 'visible' }, watch), signal, [
        0,
        side === 0 ? 1 : 0.5,
      ]);
      if (signal.aborted) return;
      if (report === null) continue;
      this.#post({ type: 'report', side, report });
      if (side === 0) {
        baseline = place;
        continue;
      }
      const reason = notComparable(baseline, place, letter(side), wording);
      if (baseline === null || reason !== null) {
        this.#post({ type: 'trouble', side, message: reason ?? wording.noBaseline });
        continue;
      }
      const a = baseline;
      // The reports are known to the engine by now: the first half of its progress is over at once.
      const comparison = await this.#attempted(
        side,
        (watch) => engine.compare({ a, b: place, options, priority: 'visible' }, watch),
        signal,
        [0, 1],
      );
      if (signal.aborted) return;
      if (comparison !== null) this.#post({ type: 'comparison', side, comparison });
    }
    this.#post({ type: 'done' });
  }

  /** A job of one side; null where it failed, which is told of that side alone. @param span of the side's share of the progress */
  async #attempted<T>(
    side: number,
    job: (watch: JobWatch) => Promise<T>,
    signal: AbortSignal,
    [from, to]: readonly [number, number],
  ): Promise<T | null> {
    const onUpdate: JobWatch['onUpdate'] = ({ fraction, stage }) => {
      if (signal.aborted) return;
      const done = (side + from + (to - from) * fraction) / this.#sides.length;
      this.#post({ type: 'progress', fraction: done, stage: `${letter(side)}: ${stage}` });
    };
    const { value, problem } = await attempt(job({ signal, onUpdate }));
    if (problem !== null && !signal.aborted) this.#post({ type: 'trouble', side, message: problem });
    return value;
  }

  #post(message: CompareHostMessage): void {
    if (message.type === 'sides') {
      this.#shown = [message];
      this.#status = null;
    } else if (message.type === 'report' || message.type === 'comparison' || message.type === 'trouble') {
      this.#shown.push(message);
    } else {
      this.#status = message;
    }
    this.#parts.post(message);
  }

  #replay(): void {
    for (const message of this.#shown) this.#parts.post(message);
    if (this.#status !== null) this.#parts.post(this.#status);
  }
}

interface Place {
  readonly path: string;
  readonly tensor: string;
  readonly columns: number;
}

/** The matrices that all files have, in the order of the first that holds several: a file with a single one has it by any name. */
export function commonMatrices(files: readonly FileSummary[]): MatrixChoice[] {
  const own = files.map((file) => matrices(file).map(({ name }) => name));
  const several = own.filter(({ length }) => length > 1);
  const names = several.length === 0 ? (own[0] ?? []) : several[0]!.filter((name) => several.every((others) => others.includes(name)));
  return names.map((name) => ({ name, tensors: own.map((names) => (names.length === 1 ? names[0]! : name)) }));
}

function matrices({ tensors }: FileSummary): TensorInfo[] {
  return tensors.filter(({ matrix }) => matrix !== null);
}

/** The one that is wanted, if there is such, else the one that a panel of the file would show first. */
function startingMatrix(choices: readonly MatrixChoice[], files: readonly FileSummary[], wanted: string | null): string | null {
  const names = choices.map(({ name }) => name);
  if (wanted !== null && names.includes(wanted)) return wanted;
  return startingTensor(files.flatMap(matrices).filter(({ name }) => names.includes(name)));
}

function notComparable(baseline: Place | null, side: Place, name: string, { noBaseline }: CompareWording): string | null {
  if (baseline === null) return noBaseline;
  return baseline.columns === side.columns ? null : `${columnsSentence('A', baseline.columns, name, side.columns)}.`;
}

function letter(side: number): string {
  return String.fromCharCode(65 + side);
}

/** What came of it, or why nothing did. @throws EngineError when it was cancelled, or the engine is gone */
async function attempt<T>(
  promise: Promise<T>,
): Promise<{ readonly value: T; readonly problem: null } | { readonly value: null; readonly problem: string }> {
  try {
    return { value: await promise, problem: null };
  } catch (error) {
    if (error instanceof EngineError && (error.code === ErrorCode.cancelled || error.code === ErrorCode.stopped)) throw error;
    return { value: null, problem: messageOf(error) };
  }
}

function isCancelled(error: unknown): boolean {
  return error instanceof EngineError && error.code === ErrorCode.cancelled;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
