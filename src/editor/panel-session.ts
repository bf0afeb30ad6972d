import type { ExportFile } from '../../webview/export/files';
import type { HostMessage, PanelMessage } from '../../webview/protocol';
import type { AnalysisOptions, SpectralReport } from '../analysis/report';
import type { EngineClient } from '../engine/client';
import { EngineError, ErrorCode, type FileSummary, type RawLayout } from '../engine/protocol';
import type { TensorInfo } from '../formats/matrix-source';

/** What a session says; what the file is, and of the run that it belongs to, others do. */
export type SessionMessage = Exclude<HostMessage, { type: 'subject' | 'watched' | 'gpu' }>;

/** The part of the engine that a panel needs. */
export type SessionEngine = Pick<EngineClient, 'inspect' | 'analyze'>;

/** What a session tells the rest of the editor. A tensor of null stands for the whole file. */
export interface Findings {
  /** The file was opened: what was said about it before is out of date. */
  opened(): void;
  analysed(tensor: string, report: SpectralReport): void;
  /** The file is not what it should be: a fault of the file, with a sentence that says which. */
  unreadable(tensor: string | null, message: string): void;
  /** Anything else went wrong. */
  failed(error: unknown): void;
}

export interface Wording {
  readonly waiting: string;
  readonly cancelled: string;
  readonly noMatrix: string;
  readonly notAMatrix: (tensor: string) => string;
  readonly noTensor: (tensor: string) => string;
}

export interface PanelSessionParts {
  readonly path: string;
  readonly engine: SessionEngine;
  readonly findings: Findings;
  readonly wording: Wording;
  /** Read at the start of each analysis. */
  options(): AnalysisOptions;
  /** How the numbers of the file lie, as a person has said it; null before they did. */
  layout(): RawLayout | null;
  /** Asks a person for it, and remembers the answer; null when they give none. */
  askLayout(): Promise<RawLayout | null>;
  post(message: SessionMessage): void;
  copy(text: string): void;
  save(file: ExportFile): void;
  /** The report as a page of its own. */
  saveHtml(file: FileSummary, report: SpectralReport): void;
  /** Whether a person can see the panel now. */
  visible(): boolean;
}

/**
 * One panel's conversation with the engine: inspects the file, analyses one tensor at a time, and posts what the panel shows.
 * At most one piece of work runs; starting another, cancelling and closing end it, and nothing of ended work is ever posted.
 */
export class PanelSession {
  readonly #parts: PanelSessionParts;
  #work: AbortController | null = null;
  #file: FileSummary | null = null;
  #selected: string | null = null;
  /** What the panel shows now, to be posted again when it comes back from being hidden. */
  #shown: { file?: SessionMessage; report?: SessionMessage; status?: SessionMessage } = {};
  /** How the numbers of the file lay when the panel was saved. */
  #savedLayout: RawLayout | null = null;
  /** By which the file was read last; null where it says itself what it holds. */
  #layout: RawLayout | null = null;
  #opened = false;
  #disposed = false;

  constructor(parts: PanelSessionParts) {
    this.#parts = parts;
  }

  receive(message: Exclude<PanelMessage, { type: 'openRun' | 'gpu' }>): void {
    if (this.#disposed) return;
    switch (message.type) {
      case 'ready':
        if (this.#opened) {
          this.#replay();
        } else {
          this.#selected ??= message.selected;
          this.#savedLayout = message.layout ?? null;
          this.#open();
        }
        break;
      case 'select':
        this.#selected = message.tensor;
        if (this.#file !== null) this.#start((signal) => this.#analyse(message.tensor, signal));
        else if (this.#work === null) this.#open();
        break;
      case 'cancel':
        this.#cancel();
        break;
      case 'retry':
        this.#open();
        break;
      case 'describe':
        void this.#describe();
        break;
      case 'copy':
        this.#parts.copy(message.text);
        break;
      case 'save':
        this.#parts.save(message.file);
        break;
      case 'saveHtml': {
        const { report } = this.#shown;
        if (this.#file !== null && report?.type === 'report') this.#parts.saveHtml(this.#file, report.report);
        break;
      }
    }
  }

  /** Shows this tensor, as if it had been chosen in the panel. */
  select(tensor: string): void {
    if (this.#disposed || tensor === this.#selected) return;
    this.#selected = tensor;
    // Until the file is known, the opening ends with what is selected.
    if (this.#file === null || !this.#opened) return;
    this.#showFile(this.#file, tensor);
    this.#start((signal) => this.#analyse(tensor, signal));
  }

  /** The file or the settings changed: analyses again now if that can be seen, otherwise when the panel is next shown. */
  invalidate(): void {
    if (!this.#opened || this.#disposed) return;
    if (this.#parts.visible()) {
      this.#open();
    } else {
      this.#work?.abort();
      this.#opened = false;
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#work?.abort();
  }

  #open(): void {
    this.#opened = true;
    this.#file = null;
    this.#start(async (signal) => {
      const file = await this.#inspect(signal);
      if (signal.aborted) return;
      this.#file = file;
      if (!file.tensors.some((tensor) => tensor.name === this.#selected)) this.#selected = startingTensor(file.tensors);
      this.#parts.findings.opened();
      this.#showFile(file, this.#selected);
      if (this.#selected === null) {
        this.#show({ type: 'failure', tensor: null, message: this.#parts.wording.noMatrix, cancelled: false });
      } else {
        await this.#analyse(this.#selected, signal);
      }
    });
  }

  /** A file that does not say how its numbers lie is read as a person has said. */
  async #inspect(signal: AbortSignal): Promise<FileSummary> {
    const { engine, path } = this.#parts;
    this.#layout = null;
    try {
      return await engine.inspect(path, signal);
    } catch (error) {
      const layout = this.#parts.layout() ?? this.#savedLayout;
      if (!isUnknown(error) || layout === null || signal.aborted) throw error;
      this.#layout = layout;
      return engine.inspect(path, signal, layout);
    }
  }

  async #describe(): Promise<void> {
    try {
      const layout = await this.#parts.askLayout();
      if (layout === null || this.#disposed) return;
      this.#savedLayout = layout;
      this.#open();
    } catch (error) {
      this.#parts.findings.failed(error);
    }
  }

  async #analyse(tensor: string, signal: AbortSignal): Promise<void> {
    const { engine, path, wording, findings } = this.#parts;
    this.#shown = { ...this.#shown, report: undefined, status: undefined };
    if (this.#shown.file?.type === 'file') this.#shown.file = { ...this.#shown.file, selected: tensor };
    const info = this.#file?.tensors.find((candidate) => candidate.name === tensor);
    if (!info?.matrix) {
      const message = info ? (info.note ?? wording.notAMatrix(tensor)) : wording.noTensor(tensor);
      this.#show({ type: 'failure', tensor, message, cancelled: false });
      return;
    }
    this.#show({ type: 'progress', tensor, fraction: 0, stage: wording.waiting });
    const options = this.#parts.options();
    const report = await engine.analyze(
      { path, tensor, options: this.#layout === null ? options : { ...options, raw: this.#layout }, priority: 'visible' },
      {
        signal,
        onUpdate: (update) => {
          if (signal.aborted) return;
          if (update.report) this.#show({ type: 'report', tensor, report: update.report, final: false });
          this.#show({ type: 'progress', tensor, fraction: update.fraction, stage: update.stage });
        },
      },
    );
    if (signal.aborted) return;
    this.#show({ type: 'report', tensor, report, final: true });
    findings.analysed(tensor, report);
  }

  /** Ends the work that runs and begins another; a failure of it is shown unless it was ended itself. */
  #start(task: (signal: AbortSignal) => Promise<void>): void {
    this.#work?.abort();
    const work = new AbortController();
    this.#work = work;
    task(work.signal)
      .catch((error: unknown) => {
        if (work.signal.aborted) return;
        const tensor = this.#file === null ? null : this.#selected;
        if (error instanceof EngineError && error.code === ErrorCode.cancelled) {
          this.#show({ type: 'failure', tensor, message: this.#parts.wording.cancelled, cancelled: true });
          return;
        }
        const message = error instanceof Error ? error.message : String(error);
        const describable = isUnknown(error) || (this.#file === null && this.#layout !== null);
        this.#show({ type: 'failure', tensor, message, cancelled: false, ...(describable && { describable }) });
        if (error instanceof EngineError && error.code === ErrorCode.format) this.#parts.findings.unreadable(tensor, message);
        else this.#parts.findings.failed(error);
      })
      .finally(() => {
        work.abort();
        if (this.#work === work) this.#work = null;
      });
  }

  #cancel(): void {
    if (this.#work === null) return;
    this.#work.abort();
    this.#work = null;
    const tensor = this.#file === null ? null : this.#selected;
    this.#show({ type: 'failure', tensor, message: this.#parts.wording.cancelled, cancelled: true });
  }

  #showFile(file: FileSummary, selected: string | null): void {
    this.#show({ type: 'file', file, selected, ...(this.#layout && { layout: this.#layout }) });
  }

  #show(message: SessionMessage): void {
    switch (message.type) {
      case 'file':
        this.#shown = { file: message };
        break;
      case 'report':
        this.#shown.report = message;
        if (message.final) this.#shown.status = undefined;
        break;
      default:
        this.#shown.status = message;
    }
    this.#parts.post(message);
  }

  #replay(): void {
    for (const message of [this.#shown.file, this.#shown.report, this.#shown.status]) {
      if (message) this.#parts.post(message);
    }
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof EngineError && error.code === ErrorCode.unknownFormat;
}

/**
 * The matrix to show first: the token embeddings where names tell, else vectors or features, else the largest that does not hold whole
 * numbers, such as neighbours and labels, else the largest; null without a matrix.
 */
export function startingTensor(tensors: readonly TensorInfo[]): string | null {
  const matrices = tensors.filter(({ matrix }) => matrix !== null);
  const named = (pattern: RegExp) => matrices.find(({ name }) => pattern.test(name));
  const fractions = matrices.filter(({ dtype }) => !/^(u?int|bool)/.test(dtype));
  const first =
    named(/wte|embed_tokens|(tok|token|word)_?emb/i) ?? named(/emb/i) ?? named(/vec|feat/i) ?? largest(fractions) ?? largest(matrices);
  return first?.name ?? null;
}

function largest(tensors: readonly TensorInfo[]): TensorInfo | undefined {
  const elements = ({ matrix }: TensorInfo): number => (matrix?.rows ?? 0) * (matrix?.columns ?? 0);
  return tensors.toSorted((x, y) => elements(y) - elements(x))[0];
}
