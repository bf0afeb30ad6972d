import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { version } from '../../package.json';
import { ROOT, sigma } from './sigma';

const COMMANDS = ['analyze', 'compare', 'run', 'watch', 'check', 'doctor', 'demo', 'mcp'];

describe('sigma', () => {
  it.each([[[]], [['--help']], [['-h']], [['help']]])('explains itself: %j', async (args) => {
    const { exitCode, stdout, stderr } = await sigma(args);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThan(100);
  });

  it.each(COMMANDS)('explains %s', async (name) => {
    const { exitCode, stdout } = await sigma([name, '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: sigma ${name}`));
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThan(112);
  });

  it.each(COMMANDS)('documents every flag of %s', async (name) => {
    const { stdout } = await sigma([name, '--help']);
    const manual = await readFile(join(ROOT, 'docs/command-line.md'), 'utf8');
    const [section] = manual.split(`\n## sigma ${name}\n`)[1]!.split('\n## ');
    for (const [flag] of stdout.matchAll(/--[a-z-]+/g)) expect(section).toContain(flag);
  });

  it('says its version', async () => {
    expect(await sigma(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    ['analyse', "there is no command 'analyse'; did you mean analyze?"],
    ['inspect', "there is no command 'inspect'; the commands are analyze, compare, run, watch, check, doctor, demo, mcp"],
    ['--verbose', "there is no flag '--verbose'; the commands are analyze, compare, run, watch, check, doctor, demo, mcp"],
  ])('does not know %s', async (word, sentence) => {
    expect(await sigma([word])).toEqual({ exitCode: 2, stdout: '', stderr: `sigma: ${sentence}\n` });
  });
});
