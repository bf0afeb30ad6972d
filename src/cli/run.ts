import { toJson } from '../analysis/report-json';
import { parseArguments } from './arguments';
import { type Command, ExitCode } from './command';
import { Failure } from './failure';
import { complainOfUnread, inRunSession, RUN_FLAGS, RUN_FLAGS_HELP, runRequest } from './run-session';
import { runText } from './run-table';

const HELP = `Usage: sigma run DIR [flags]

One training run: every complete checkpoint in DIR against the first of them. Says whether the run has left
its baseline, how, since when, and when it will have collapsed; then one line per checkpoint. DIR is what a
trainer writes (Hugging Face, PEFT, Lightning, DeepSpeed, Megatron, torch.save), or a folder of numbered
embeddings or weights. Nothing is written to it.

${RUN_FLAGS_HELP}
  --json             one JSON document (sigma.run/1)

Exit codes: 0 fine, whatever was found, 2 something could not be done, 130 interrupted.`;

export const runCommand: Command = {
  name: 'run',
  summary: 'whether a training run has left its baseline, since when, and where it is going',
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = parseArguments('run', args, RUN_FLAGS);
    const request = runRequest(values);
    if (positionals.length !== 1) throw new Failure(`run needs one folder of checkpoints, but got ${positionals.length}: sigma run DIR`);
    const directory = positionals[0]!;
    return inRunSession(request, positionals, terminal, async (session) => {
      const run = await session.analyze(directory);
      const report = session.report(directory, run);
      terminal.print(request.json ? JSON.stringify(toJson(report)) : runText(report, terminal.style, terminal.width));
      const unread = complainOfUnread(directory, run, 'the report says why', terminal);
      return unread ? ExitCode.failed : ExitCode.fine;
    });
  },
};
