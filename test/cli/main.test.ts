import { describe, expect, it } from 'vitest';
import { version } from '../../package.json';
import { sigma } from './sigma';

describe('sigma', () => {
  it.each([[[]], [['--help']], [['-h']], [['help']]])('explains itself: %j', async (args) => {
    const { exitCode, stdout, stderr } = await sigma(args);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    for (const name of ['analyze', 'doctor', 'demo']) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThan(100);
  });

  it.each(['analyze', 'doctor', 'demo'])('explains %s', async (name) => {
    const { exitCode, stdout } = await sigma([name, '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: sigma ${name}`));
  });

  it('says its version', async () => {
    expect(await sigma(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    ['analyse', "there is no command 'analyse'; did you mean analyze?"],
    ['inspect', "there is no command 'inspect'; the commands are analyze, compare, doctor, demo"],
    ['--verbose', "there is no flag '--verbose'; the commands are analyze, compare, doctor, demo"],
  ])('does not know %s', async (word, sentence) => {
    expect(await sigma([word])).toEqual({ exitCode: 2, stdout: '', stderr: `sigma: ${sentence}\n` });
  });
});
