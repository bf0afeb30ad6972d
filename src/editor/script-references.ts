/** A folder that a training script or its configuration writes checkpoints to. */
export interface ScriptReference {
  /** Zero-based. */
  readonly line: number;
  /** The path between its quotes, in characters of the line; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  /** As written, escapes resolved. */
  readonly path: string;
  /** What names it there: `output_dir`, `torch.save`, `hydra.run.dir`. */
  readonly key: string;
}

/** Languages, by their ids in the editor, whose references are known. */
export const SCRIPT_LANGUAGES = ['python', 'yaml', 'json', 'jsonc', 'toml', 'shellscript'] as const;
export type ScriptLanguage = (typeof SCRIPT_LANGUAGES)[number];

/** A longer text is data, not a script. */
const LONGEST_TEXT = 500_000;
const LONGEST_LINE = 2000;
const LONGEST_PATH = 1000;
const MOST_REFERENCES = 100;

/** Keys, lower case with underscores, whose value is a folder of checkpoints, and who reads them so. */
const KEYS = new Set([
  'output_dir', // transformers, axolotl, LLaMA-Factory, torchtune, kohya, Detectron2
  'out_dir', // nanoGPT, LitGPT
  'save_dir', // fairseq
  'save_folder', // OLMo, Composer
  'dirpath', // ModelCheckpoint of Lightning
  'default_root_dir', // Trainer of Lightning
  'checkpoint_dir',
  'checkpoints_dir',
  'checkpoint_folder',
  'ckpt_dir',
  'run_dir',
  'project_dir', // accelerate
  'work_dir', // MMEngine
  'exp_dir', // NeMo
  'explicit_log_dir', // NeMo
  'dump_folder', // torchtitan
  'storage_path', // Ray
]);
/** Keys whose last part says nothing without those before it. */
const NESTED_KEYS = ['hydra.run.dir', 'hydra.sweep.dir'];
/** Megatron-LM. */
const SHELL_FLAGS = new Set(['--save']);

/** Functions that write: which argument names the place, and whether that is a folder or a file in it. */
const CALLS: Readonly<Record<string, { readonly argument: number; readonly names: 'folder' | 'file' }>> = {
  'torch.save': { argument: 1, names: 'file' },
  'np.save': { argument: 0, names: 'file' },
  'numpy.save': { argument: 0, names: 'file' },
  save_file: { argument: 1, names: 'file' },
  save_pretrained: { argument: 0, names: 'folder' },
  save_model: { argument: 0, names: 'folder' },
  save_state: { argument: 0, names: 'folder' },
};

/** A reference by its place in the text. */
interface Found {
  readonly start: number;
  readonly end: number;
  readonly path: string;
  readonly key: string;
}

/**
 * The folders that a script names, read off its text: nothing is run, and a path with a variable in it, or that is part of an expression,
 * is left alone. Takes time in proportion to the text, whatever that is.
 */
export function scriptReferences(text: string, language: ScriptLanguage): ScriptReference[] {
  if (text.length > LONGEST_TEXT) return [];
  return located(text, [...references(text, language)]);
}

function references(text: string, language: ScriptLanguage): Iterable<Found> {
  switch (language) {
    case 'yaml':
      return yamlReferences(text);
    case 'shellscript':
      return shellReferences(text, 0, text.length);
    default:
      return tokenReferences(text, language);
  }
}

function located(text: string, found: readonly Found[]): ScriptReference[] {
  const placed: ScriptReference[] = [];
  let line = 0;
  let lineStart = 0;
  for (const { start, end, path, key } of found) {
    for (let next = text.indexOf('\n', lineStart); next >= 0 && next < start; next = text.indexOf('\n', lineStart)) {
      line++;
      lineStart = next + 1;
    }
    if (end - lineStart > LONGEST_LINE || !isPath(path)) continue;
    placed.push({ line, start: start - lineStart, end: end - lineStart, path, key });
    if (placed.length === MOST_REFERENCES) break;
  }
  return placed;
}

/** Not a variable, an address, a flag, a home folder; nor a share of another machine, which to look at would send it credentials. */
function isPath(path: string): boolean {
  return path.length > 0 && path.length <= LONGEST_PATH && !/[${}\0\n]|^[-~]|^[\\/]{2}|^\w+:\/\//.test(path);
}

/** Key of a value -> how to call it; null for one that names no folder. @param name with the parts before it, joined by dots */
function folderKey(name: string): string | null {
  const key = name.replaceAll('-', '_');
  const nested = NESTED_KEYS.find((nested) => key === nested || key.endsWith(`.${nested}`));
  const last = key.slice(key.lastIndexOf('.') + 1);
  return nested ?? (KEYS.has(last.toLowerCase()) ? last : null);
}

/** `--output-dir` -> `output_dir` */
function flagKey(flag: string): string | null {
  return flag.length > 100 ? null : folderKey(flag.replace(/^[-+]*/, ''));
}

// Python, TOML and JSON: one walk over tokens.

interface Token {
  /** A `text` is a string whose value is known; an `expression` one whose value is not. */
  readonly kind: 'name' | 'text' | 'expression' | 'sign' | 'newline';
  readonly text: string;
  /** Of what is between the quotes. */
  readonly start: number;
  readonly end: number;
}

const SPACE = /[^\S\n]/;
const QUOTE: Partial<Record<ScriptLanguage, RegExp>> = { json: /"/, jsonc: /"/ };
const NAME: Partial<Record<ScriptLanguage, RegExp>> = { toml: /[\w-]+/y };
const PYTHON_NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
const PREFIX = /^[rbuft]{1,2}$/i;
const SIGN_PAIR = /[=!<>:+*/%|&^@-]=/y;

/** The strings among the tokens are what is sought; `shell` gets the ranges of shell commands in a notebook's cell. */
function tokensOf(text: string, language: ScriptLanguage, shell: (from: number, to: number) => void): Token[] {
  const tokens: Token[] = [];
  const json = language === 'json' || language === 'jsonc';
  const quotes = QUOTE[language] ?? /["']/;
  const name = NAME[language] ?? PYTHON_NAME;
  let depth = 0;
  let at = 0;
  const push = (kind: Token['kind'], value: string, end: number): void => {
    tokens.push({ kind, text: value, start: at, end });
    at = end;
  };
  if (language === 'python' && /^%%(bash|sh)\b/.test(text)) {
    shell(text.indexOf('\n') + 1 || text.length, text.length);
    return tokens;
  }
  while (at < text.length) {
    const c = text[at]!;
    if (c === '\n') {
      if (depth === 0) push('newline', c, at + 1);
      else at++;
    } else if (SPACE.test(c)) at++;
    else if (json ? text.startsWith('//', at) : c === '#') at = endOfLine(text, at);
    else if (json && text.startsWith('/*', at)) at = after(text, '*/', at + 2);
    else if (language === 'python' && c === '!' && (tokens.at(-1)?.kind ?? 'newline') === 'newline') {
      const end = endOfLine(text, at);
      shell(at + 1, end);
      at = end;
    } else if (c === '\\' && /^\r?\n/.test(text.slice(at + 1, at + 3))) at = endOfLine(text, at) + 1;
    else if (quotes.test(c)) {
      const { token, next } = stringAt(text, at, language, prefixOf(tokens, at));
      if (tokens.at(-1)?.end === at && prefixOf(tokens, at) !== '') tokens.pop();
      tokens.push(token);
      at = next;
    } else {
      name.lastIndex = at;
      SIGN_PAIR.lastIndex = at;
      if (name.test(text)) push('name', text.slice(at, name.lastIndex), name.lastIndex);
      else if (SIGN_PAIR.test(text)) push('sign', text.slice(at, at + 2), at + 2);
      else {
        if ('([{'.includes(c)) depth++;
        if (')]}'.includes(c)) depth = Math.max(0, depth - 1);
        push('sign', c, at + 1);
      }
    }
  }
  return tokens;
}

function prefixOf(tokens: readonly Token[], at: number): string {
  const last = tokens.at(-1);
  return last?.kind === 'name' && last.end === at && PREFIX.test(last.text) ? last.text.toLowerCase() : '';
}

/** The string whose quote stands at `at`. One that is not closed ends with its line, or with the text if it may have lines. */
function stringAt(text: string, at: number, language: ScriptLanguage, prefix: string): { readonly token: Token; readonly next: number } {
  const quote = text[at]!;
  const long = (language === 'python' || language === 'toml') && text.startsWith(quote.repeat(3), at);
  const mark = long ? quote.repeat(3) : quote;
  const raw = prefix.includes('r') || (language === 'toml' && quote === "'");
  const start = at + mark.length;
  let end = start;
  while (end < text.length && !text.startsWith(mark, end) && (long || text[end] !== '\n')) {
    // Python keeps the quote after a backslash in a raw string too; TOML knows no escapes in a literal one.
    end += text[end] === '\\' && !(language === 'toml' && raw) ? 2 : 1;
  }
  end = Math.min(end, text.length);
  const closed = text.startsWith(mark, end);
  const value = closed && !long && end - start <= 2 * LONGEST_PATH && !/[fbt]/.test(prefix) ? unescaped(text.slice(start, end), raw) : null;
  return {
    token: { kind: value === null ? 'expression' : 'text', text: value ?? '', start, end },
    next: closed ? end + mark.length : end,
  };
}

/** Null where an escape is none of a backslash or a slash: paths have no others. */
function unescaped(text: string, raw: boolean): string | null {
  if (raw || !text.includes('\\')) return text;
  return /\\[^\\/]/.test(text.replaceAll('\\\\', '')) ? null : text.replace(/\\([\\/])/g, '$1');
}

/** What is known within one pair of brackets. */
interface Frame {
  /** Dotted name of the function that is called; empty for other brackets. */
  readonly callee: string;
  /** Arguments begun before the present one. */
  argument: number;
  /** What a default in there is the default of. */
  key: string | null;
}

function* tokenReferences(text: string, language: ScriptLanguage): Generator<Found> {
  const found: Found[] = [];
  const tokens = tokensOf(text, language, (from, to) => found.push(...shellReferences(text, from, to)));
  const frames: Frame[] = [{ callee: '', argument: 0, key: null }];
  for (const [i, token] of tokens.entries()) {
    const frame = frames.at(-1)!;
    if (token.kind === 'sign') {
      if ('([{'.includes(token.text)) {
        const callee = token.text === '(' ? calleeBefore(tokens, i) : { name: '', first: i };
        const field = /(^|\.)[fF]ield$/.test(callee.name) && is(tokens[callee.first - 1], '=');
        frames.push({ callee: callee.name, argument: 0, key: field ? keyBefore(tokens, callee.first - 1) : null });
      } else if (')]}'.includes(token.text) && frames.length > 1) frames.pop();
      else if (token.text === ',') frame.argument++;
    } else if (token.kind === 'text') {
      if (/(^|\.)add_argument$|\.option$/.test(frame.callee) && token.text.startsWith('--')) frame.key ??= flagKey(token.text);
      const reference = referenceAt(tokens, i, frame, frames.at(-2));
      if (reference !== null) found.push(reference);
    }
  }
  // A notebook's shell commands were found first.
  yield* found.sort((a, b) => a.start - b.start);
}

function is(token: Token | undefined, text: string): boolean {
  return token?.text === text && (token.kind === 'sign' || token.kind === 'name');
}

/** The string at `i` as a reference, by what stands around it; null where it is none. */
function referenceAt(tokens: readonly Token[], i: number, frame: Frame, outer: Frame | undefined): Found | null {
  const { text, start, end } = tokens[i]!;
  const found = (key: string | null, path = text, from = start, to = end) => (key === null ? null : { key, path, start: from, end: to });
  // `Path("runs/exp1")` stands for its string.
  const wrapped = /(^|\.)Path$/.test(frame.callee) && is(tokens[i - 1], '(') && is(tokens[i + 1], ')');
  if (!endsValue(tokens[wrapped ? i + 2 : i + 1])) return null;
  const first = wrapped ? calleeBefore(tokens, i - 1).first : i;
  const around = wrapped ? outer : frame;
  const before = tokens[first - 1];

  const assigned = text.startsWith('--') ? text.indexOf('=') : -1;
  if (assigned > 0) return found(flagKey(text.slice(0, assigned)), text.slice(assigned + 1), start + assigned + 1);
  if (is(before, '=')) {
    const isDefault = is(tokens[first - 2], 'default');
    return found(isDefault ? (around?.key ?? null) : keyBefore(tokens, first - 1));
  }
  const beforeThat = tokens[first - 2];
  if (is(before, ':')) return found(beforeThat?.kind === 'text' ? folderKey(beforeThat.text) : null);
  if (!is(before, ',') && !is(before, '(')) return null;
  // Lists of command line arguments, `get("output_dir", "out")`.
  if (is(before, ',') && beforeThat?.kind === 'text') {
    const key = flagKey(beforeThat.text);
    if (key !== null) return found(key);
  }
  const name = around?.callee ?? '';
  if (is(before, '(') && around?.key && /ield$/.test(name)) return found(around.key);
  const callee = CALLS[name] ? name : name.slice(name.lastIndexOf('.') + 1);
  const call = Object.hasOwn(CALLS, callee) ? CALLS[callee]! : null;
  if (call === null || around?.argument !== call.argument) return null;
  if (call.names === 'folder') return found(callee);
  const slash = Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\'));
  return slash <= 0 ? null : found(callee, text.slice(0, slash), start, Math.min(end, start + slash));
}

/** Whether a string ends before this token, so that it is the whole value. */
function endsValue(token: Token | undefined): boolean {
  return token === undefined || token.kind === 'newline' || (token.kind === 'sign' && ',)]};'.includes(token.text));
}

/** The dotted name before an opening bracket, and where it begins. */
function calleeBefore(tokens: readonly Token[], bracket: number): { readonly name: string; readonly first: number } {
  let first = bracket;
  // Methods of results of calls count by their last names.
  for (let parts = 0; parts < 4 && tokens[first - 1]?.kind === 'name'; parts++) {
    first--;
    if (!is(tokens[first - 1], '.') || tokens[first - 2]?.kind !== 'name') break;
    first--;
  }
  return {
    name: tokens
      .slice(first, bracket)
      .map(({ text }) => text)
      .join(''),
    first,
  };
}

/** Longest annotation, in tokens: `Optional[Union[str, os.PathLike]]`. */
const LONGEST_ANNOTATION = 14;

/** What an `=` gives a value to, if that names a folder: `output_dir =`, `args.output_dir =`, `output_dir: str =`, `x["output_dir"] =`. */
function keyBefore(tokens: readonly Token[], equals: number): string | null {
  const target = tokens[equals - 1];
  if (target?.kind === 'text') return folderKey(target.text);
  if (is(target, ']') && tokens[equals - 2]?.kind === 'text' && is(tokens[equals - 3], '[')) return folderKey(tokens[equals - 2]!.text);
  if (target?.kind === 'name') {
    const key = folderKey(calleeBefore(tokens, equals).name);
    if (key !== null) return key;
  }
  for (let i = equals - 1; i > 0 && i >= equals - LONGEST_ANNOTATION; i--) {
    const token = tokens[i]!;
    if (token.kind === 'newline' || is(token, '(') || is(token, '=')) return null;
    if (!is(token, ':')) continue;
    const name = tokens[i - 1]!;
    const begins = tokens[i - 2];
    const declared = begins === undefined || begins.kind === 'newline' || is(begins, ',') || is(begins, '(');
    return name.kind === 'name' && declared ? folderKey(name.text) : null;
  }
  return null;
}

// Shell: words.

/** `--output_dir X`, `--output_dir=X`, `hydra.run.dir=X`, `OUTPUT_DIR=X` in the commands of a range of the text. */
function* shellReferences(text: string, from: number, to: number): Generator<Found> {
  let flag: string | null = null;
  for (const { start, end, first } of shellWords(text, from, to)) {
    if (first) flag = null;
    if (end - start > 2 * LONGEST_PATH) {
      flag = null;
      continue;
    }
    const word = text.slice(start, end);
    const equals = /^[-+]*[A-Za-z_][\w.-]*=/.exec(word)?.[0].length ?? 0;
    const key = equals > 0 ? flagKey(word.slice(0, equals - 1)) : flag;
    const value = key === null ? null : shellValue(word.slice(equals), start + equals);
    if (key !== null && value !== null) yield { key, ...value };
    flag = SHELL_FLAGS.has(word) ? word.slice(2) : word.startsWith('--') && equals === 0 ? flagKey(word) : null;
  }
}

const SHELL_END = /[\s;&|()<>]/;

/** The words of the commands; `first` where one begins another command than the word before it. */
function* shellWords(
  text: string,
  from: number,
  to: number,
): Generator<{ readonly start: number; readonly end: number; readonly first: boolean }> {
  let at = from;
  let first = true;
  let heredoc = '';
  while (at < to) {
    const c = text[at]!;
    if (c === '\\' && /^\r?\n/.test(text.slice(at + 1, at + 3))) at = endOfLine(text, at) + 1;
    else if (c === '#') at = endOfLine(text, at);
    else if (c === '\n' && heredoc !== '') {
      at = after(text, `\n${heredoc}`, at);
      heredoc = '';
    } else if (text.startsWith('<<', at) && text[at + 2] !== '<') {
      const opening = /^<<-?\s*["']?(\w{1,100})["']?/.exec(text.slice(at, at + 120));
      heredoc = opening?.[1] ?? '';
      at += opening?.[0].length ?? 2;
    } else if (SHELL_END.test(c)) {
      first ||= !SPACE.test(c);
      at++;
    } else {
      const start = at;
      while (at < to && !SHELL_END.test(text[at]!)) {
        const quote = text[at]!;
        at = quote === '"' || quote === "'" ? after(text, quote, at + 1) : at + (quote === '\\' ? 2 : 1);
      }
      at = Math.min(at, to);
      yield { start, end: at, first };
      first = false;
    }
  }
}

/** The value of a word that is one literal; null for anything that a shell would expand. */
function shellValue(word: string, start: number): Omit<Found, 'key'> | null {
  const quote = word[0];
  const quoted = (quote === '"' || quote === "'") && word.length > 1 && word.indexOf(quote, 1) === word.length - 1;
  const path = quoted ? word.slice(1, -1) : word;
  if (quoted ? quote === '"' && /[`\\]/.test(path) : /["'`\\*?[]/.test(path)) return null;
  return { path, start: quoted ? start + 1 : start, end: start + word.length - (quoted ? 1 : 0) };
}

// YAML: lines.

const YAML_ENTRY = /^( *(?:- +)*)(?:"([^"]*)"|'([^']*)'|([A-Za-z_][\w.-]*)) *:(?: +(.*))?$/;

function* yamlReferences(text: string): Generator<Found> {
  /** Keys on the way to the present line, each with its indentation. */
  const parents: { readonly indent: number; readonly key: string }[] = [];
  /** Indentation of the key of a block scalar, whose lines are text. */
  let block: number | null = null;
  for (let start = 0; start < text.length; start = endOfLine(text, start) + 1) {
    const end = endOfLine(text, start);
    if (end - start > LONGEST_LINE) continue;
    const line = text.slice(start, end).trimEnd();
    const spaces = line.length - line.trimStart().length;
    if (line === '' || (block !== null && spaces > block)) continue;
    block = null;
    const entry = YAML_ENTRY.exec(line);
    if (entry === null) continue;
    const [, lead = '', double, single, bare, value = ''] = entry;
    while (parents.length > 0 && parents.at(-1)!.indent >= lead.length) parents.pop();
    parents.push({ indent: lead.length, key: double ?? single ?? bare ?? '' });
    if (/^[|>]/.test(value)) block = lead.length;
    const key = folderKey(
      parents
        .slice(-3)
        .map(({ key }) => key)
        .join('.'),
    );
    const scalar = key === null ? null : yamlScalar(value, start + line.length - value.length);
    if (key !== null && scalar !== null) yield { key, ...scalar };
  }
}

function yamlScalar(value: string, start: number): Omit<Found, 'key'> | null {
  const quote = value[0];
  if (quote === '"' || quote === "'") {
    const close = value.indexOf(quote, 1);
    const path = close < 0 || !/^\s*(\s#.*)?$/.test(value.slice(close + 1)) ? null : unescaped(value.slice(1, close), quote === "'");
    return path === null ? null : { path, start: start + 1, end: start + close };
  }
  const path = value.replace(/\s#.*$/, '').trimEnd();
  return /^[&*!|>%@`#[{]|: /.test(path) ? null : { path, start, end: start + path.length };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** Where `mark` ends; the end of the text where it does not come. */
function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + mark.length;
}
