import { version } from '../../package.json';
import { type BackendStatus, backendStatuses } from '../compute/select';
import { type FormatStatus, formatStatuses } from '../formats/format-statuses';
import { formatFiles, librarySentence } from '../words/formats';
import { number } from '../words/numbers';
import { parseArguments } from './arguments';
import { type Command, ExitCode } from './command';
import { Failure } from './failure';
import { printable, wrap } from './printable';
import type { Style } from './style';

const HELP = `Usage: sigma doctor [--json]

Tests every compute backend now, on a product whose answer is known exactly, and says which can be used,
on which device, how exact it is, and why another cannot. Then lists the formats that can be read, and says of
each whether the library that it is read with loads.

  --json             one JSON document`;

interface DoctorReport {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly backends: readonly BackendStatus[];
  readonly formats: readonly FormatStatus[];
}

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'which compute backends work here, and how exactly',
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = parseArguments('doctor', args, { json: { type: 'boolean', default: false } });
    if (positionals.length > 0) throw new Failure(`doctor takes no arguments, but got '${positionals[0]}'`);
    const report: DoctorReport = {
      version,
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      backends: await backendStatuses(),
      formats: await formatStatuses(),
    };
    terminal.print(values.json ? JSON.stringify(report) : doctorText(report, terminal.style, terminal.width));
    return report.backends.some((backend) => backend.usable) ? ExitCode.fine : ExitCode.failed;
  },
};

export function doctorText({ version, node, platform, backends, formats }: DoctorReport, style: Style, width: number): string {
  return [
    style.bold(`Sigma ${version}`) + style.dim(`  Node ${node}, ${platform}`),
    ...backends.flatMap((backend) => ['', ...backendLines(backend, style, width)]),
    '',
    style.bold('Formats'),
    ...formats.flatMap((format) => formatLines(format, style, width)),
  ].join('\n');
}

function backendLines({ name, usable, description, detail }: BackendStatus, style: Style, width: number): string[] {
  const verdict = usable ? style.green('✔ usable') : style.yellow('✖ not usable');
  const facts =
    description === null
      ? []
      : [`${printable(description.device)}; products in ${description.precision}; self-test error ${number(description.selfTestError)}`];
  return [
    `${verdict}  ${style.bold(name)}`,
    ...[...facts, ...(detail === null ? [] : [printable(detail)])].flatMap((text) => wrap(text, width - 2)).map((line) => `  ${line}`),
  ];
}

function formatLines(format: FormatStatus, style: Style, width: number): string[] {
  const library = librarySentence(format);
  return [
    `  ${format.label}${style.dim(`  ${formatFiles(format)}`)}`,
    ...wrap(format.limits, width - 4).map((line) => `    ${line}`),
    ...(library === null
      ? []
      : wrap(printable(library), width - 4).map((line) => `    ${format.problem === null ? line : style.yellow(line)}`)),
  ];
}
