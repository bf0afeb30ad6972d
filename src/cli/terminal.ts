import { printable } from './printable';
import { Progress } from './progress';
import { createStyle, type Environment, type Output, type Style, wantsColours } from './style';

/** Where a command writes: results to stdout, complaints and progress to stderr. */
export interface Terminal {
  readonly colours: boolean;
  readonly style: Style;
  /** Cells in a line. */
  readonly width: number;
  /** Text and a line end. */
  print(text: string): void;
  /** One line on stderr. */
  complain(message: string): void;
  readonly progress: Pick<Progress, 'draw' | 'erase'>;
}

const DEFAULT_WIDTH = 80;
const NARROWEST = 40;
const WIDEST = 120;

export function createTerminal(stdout: Output, stderr: Output, env: Environment): Terminal {
  const progress = new Progress(stderr, env);
  const colours = wantsColours(stdout, env);
  return {
    colours,
    style: createStyle(colours),
    width: Math.max(NARROWEST, Math.min(WIDEST, stdout.columns || DEFAULT_WIDTH)),
    print(text) {
      progress.erase();
      stdout.write(`${text}\n`);
    },
    complain(message) {
      progress.erase();
      stderr.write(`sigma: ${printable(message)}\n`);
    },
    progress,
  };
}
