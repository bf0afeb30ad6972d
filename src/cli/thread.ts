import { type MessagePort, Worker } from 'node:worker_threads';
import { ExitCode } from './command';
import { sentence } from './failure';
import { REDRAW_EVERY_MS } from './progress';
import { createStyle } from './style';
import type { Terminal } from './terminal';

// Arithmetic keeps its thread busy for seconds, and a busy thread hears no Ctrl-C. So a command runs in a thread of its own, while
// the first one draws on the terminal and listens for signals.

type Message =
  | { readonly type: 'print' | 'complain'; readonly text: string }
  | { readonly type: 'draw'; readonly fraction: number; readonly stage: string }
  | { readonly type: 'erase' };

/** Of the thread's heap: matrices lie outside of it, and what is short-lived in it is small. Three times as much, the usual, costs 5 MB. */
const YOUNG_MEGABYTES = 4;

type TerminalFacts = Pick<Terminal, 'colours' | 'width'>;

/** What the thread is started with. */
export interface ThreadData extends TerminalFacts {
  /** Path of the program as it was called; the thread itself runs another. */
  readonly program: string;
}

/**
 * Runs `script`, whose thread side writes to {@link threadTerminal}.
 * @returns the exit code that the thread ended with
 */
export function runInThread(script: string, args: readonly string[], terminal: Terminal): Promise<number> {
  const data: ThreadData = { colours: terminal.colours, width: terminal.width, program: process.argv[1]! };
  const worker = new Worker(script, { argv: [...args], workerData: data, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES } });
  let failed = false;
  worker.on('message', (message: Message) => {
    if (message.type === 'draw') terminal.progress.draw(message.fraction, message.stage);
    else if (message.type === 'erase') terminal.progress.erase();
    else terminal[message.type](message.text);
  });
  worker.on('error', (error) => {
    terminal.complain(sentence(error));
    failed = true;
  });
  return new Promise((resolve) => {
    worker.on('exit', (exitCode) => {
      terminal.progress.erase();
      resolve(failed ? ExitCode.failed : exitCode);
    });
  });
}

/** The terminal of the first thread, as a command sees it from its own. */
export function threadTerminal(port: MessagePort, { colours, width }: TerminalFacts): Terminal {
  const post = (message: Message) => port.postMessage(message);
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    colours,
    style: createStyle(colours),
    width,
    print: (text) => post({ type: 'print', text }),
    complain: (text) => post({ type: 'complain', text }),
    progress: {
      // Thousands of messages that nobody sees would take as long as the arithmetic between them.
      draw(fraction, stage) {
        if (performance.now() - drawnAt < REDRAW_EVERY_MS) return;
        post({ type: 'draw', fraction, stage });
        drawnAt = performance.now();
      },
      erase: () => post({ type: 'erase' }),
    },
  };
}
