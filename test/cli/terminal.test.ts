import { describe, expect, it } from 'vitest';
import { Progress } from '../../src/cli/progress';
import { createStyle, wantsColours } from '../../src/cli/style';
import { createTerminal } from '../../src/cli/terminal';

class Recorder {
  text = '';
  constructor(
    readonly isTTY?: boolean,
    readonly columns?: number,
  ) {}
  write(text: string): void {
    this.text += text;
  }
}

describe('colours', () => {
  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { TERM: 'dumb' }, false],
  ])('a terminal: %s, with %j: %s', (isTTY, env, wanted) => {
    expect(wantsColours(new Recorder(isTTY), env)).toBe(wanted);
  });

  it('are escape sequences or nothing', () => {
    expect(createStyle(true).red('x')).toBe('\u001b[31mx\u001b[39m');
    expect(createStyle(false).red('x')).toBe('x');
  });
});

describe('the progress line', () => {
  it('is silent where there is no terminal', () => {
    for (const [stream, env] of [
      [new Recorder(false), {}],
      [new Recorder(true), { TERM: 'dumb' }],
    ] as const) {
      const progress = new Progress(stream, env);
      progress.draw(0.5, 'Reading');
      progress.erase();
      expect(stream.text).toBe('');
    }
  });

  it('redraws one line at most 15 times a second, never wider than the terminal, and erases it', () => {
    const stream = new Recorder(true, 40);
    let now = 0;
    const progress = new Progress(stream, {}, () => now);
    for (; now < 1000; now += 1) progress.draw(now / 1000, `Reading a file with a very long name\u001b[2J ${now}`);
    const drawn = stream.text.split('\r\u001b[2K').slice(1);
    expect(drawn.length).toBeGreaterThan(1);
    expect(drawn.length).toBeLessThanOrEqual(16);
    for (const line of drawn) {
      expect(line.length).toBeLessThan(40);
      expect(line).not.toContain('\u001b');
    }
    progress.erase();
    expect(stream.text.endsWith('\r\u001b[2K')).toBe(true);
    const before = stream.text;
    progress.erase();
    expect(stream.text).toBe(before);
  });

  it('gives way to what is printed and to complaints', () => {
    const stdout = new Recorder(true);
    const stderr = new Recorder(true, 80);
    const terminal = createTerminal(stdout, stderr, {});
    terminal.progress.draw(0.25, 'Reading');
    terminal.complain('no\nsuch file');
    expect(stdout.text).toBe('');
    expect(stderr.text).toBe('\r\u001b[2K█████░░░░░░░░░░░░░░░  25 %  Reading\r\u001b[2Ksigma: no\ufffdsuch file\n');
  });
});
