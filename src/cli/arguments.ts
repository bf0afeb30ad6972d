import { type ParseArgsConfig, parseArgs } from 'node:util';
import { Failure } from './failure';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * A command's flags and positional arguments.
 * @throws Failure with one sentence that names the flag
 */
export function parseArguments<const T extends Options>(command: string, args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new Failure(`${complaint(error)}; see sigma ${command} --help`);
  }
}

function complaint(error: unknown): string {
  const { code, message } = error as Error & { code?: string };
  const flag = /'(-[^' ]*)/.exec(message)?.[1] ?? '';
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `there is no flag ${flag}`;
  if (code !== 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') throw error;
  if (message.includes('does not take an argument')) return `${flag} takes no value`;
  if (message.includes('ambiguous')) return `${flag} needs a value; one that begins with a dash is written ${flag}=VALUE`;
  return `${flag} needs a value`;
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * @param accepts whether the number is one that the flag can take
 * @param expected the end of the sentence "FLAG must be ..."
 * @throws Failure when the text is no such number
 */
export function parseNumber(flag: string, text: string, accepts: (value: number) => boolean, expected: string): number {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value) || !accepts(value)) throw new Failure(`${flag} must be ${expected}, but is '${text}'`);
  return value;
}

/** @throws Failure when the text is none of the choices */
export function parseChoice<T extends string>(flag: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new Failure(`${flag} must be one of ${choices.join(', ')}, but is '${text}'`);
  return choice;
}
