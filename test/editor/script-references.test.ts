import { describe, expect, it } from 'vitest';
import { type ScriptLanguage, scriptReferences } from '../../src/editor/script-references';

/** `key path` of each reference; the range has to hold the path. */
function found(language: ScriptLanguage, text: string): string[] {
  const lines = text.split('\n');
  return scriptReferences(text, language).map(({ line, start, end, path, key }) => {
    expect(lines[line]!.slice(start, end).replaceAll('\\\\', '\\')).toBe(path);
    return `${key} ${path}`;
  });
}

describe('Python', () => {
  it('Hugging Face: TrainingArguments and what comes after training', () => {
    const script = `
from transformers import Trainer, TrainingArguments

training_args = TrainingArguments(
    output_dir="./results/bert",  # output_dir="no/comment"
    num_train_epochs=3,
    logging_dir='./logs',
    run_name="bert",
)
trainer = Trainer(model=model, args=training_args)
trainer.train(resume_from_checkpoint=True)
trainer.save_model("results/final")
tokenizer.save_pretrained('results/final')
`;
    expect(found('python', script)).toEqual(['output_dir ./results/bert', 'save_model results/final', 'save_pretrained results/final']);
    expect(scriptReferences(script, 'python')[0]).toEqual({ line: 4, start: 16, end: 30, path: './results/bert', key: 'output_dir' });
  });

  it('Lightning: ModelCheckpoint and Trainer', () => {
    const script = `checkpoint = ModelCheckpoint(dirpath='checkpoints/mnist', filename="{epoch}-{val_loss:.2f}", save_top_k=-1)
trainer = L.Trainer(callbacks=[checkpoint], default_root_dir="runs/mnist")`;
    expect(found('python', script)).toEqual(['dirpath checkpoints/mnist', 'default_root_dir runs/mnist']);
  });

  it('a loop of its own: the folder of the file that is written', () => {
    const script = `torch.save(model.state_dict(), "runs/exp1/model.pt")
torch.save({"model": model, "step": 3}, Path("runs/exp2/last.ckpt"))
torch.save(model, "model.pt")
np.save("runs/exp3/emb.npy", embeddings); save_file(tensors, "runs/exp4/model.safetensors")
torch.load("runs/exp5/model.pt")`;
    expect(found('python', script)).toEqual(['torch.save runs/exp1', 'torch.save runs/exp2', 'np.save runs/exp3', 'save_file runs/exp4']);
  });

  it('defaults of argparse, click, absl, dataclasses and pydantic', () => {
    const script = `
parser.add_argument("--output_dir", "-o", type=str, default="runs/exp1", help="where; default='no'")
parser.add_argument("--seed", default="runs/no")
parser.add_argument(
    '--save-dir',
    help="x",
    default='runs/exp2',
)
@click.option("--output-dir", default="runs/exp3")
flags.DEFINE_string("checkpoint_dir", "runs/exp4", "Where.")
class Config:
    output_dir: str = "runs/exp5"
    save_dir: Optional[str] = field(default="runs/exp6", metadata={"help": "x"})
    run_dir: str = Field("runs/exp7", description="x")
def train(model: str = "no", out_dir: Union[str, os.PathLike] = "runs/exp8", n=3): ...
`;
    expect(found('python', script)).toEqual([
      'output_dir runs/exp1',
      'save_dir runs/exp2',
      'output_dir runs/exp3',
      'checkpoint_dir runs/exp4',
      'output_dir runs/exp5',
      'save_dir runs/exp6',
      'run_dir runs/exp7',
      'out_dir runs/exp8',
    ]);
  });

  it('variables, attributes, entries, dictionaries, lists of arguments, Path', () => {
    const script = String.raw`
OUTPUT_DIR = "runs/exp1"
args.output_dir = r"C:\runs\exp2"
cfg["output_dir"] = 'C:\\runs\\exp3'
config = {"output_dir": "runs/exp4", 'name': "x"}
output_dir = pathlib.Path("runs/exp5")
cmd = ["python", "train.py", "--output_dir", "runs/exp6", "--save-dir=runs/exp7"]
out = cfg.get("output_dir", "runs/exp8")
accelerator = Accelerator(project_dir="runs/exp9")
`;
    expect(found('python', script)).toEqual([
      'OUTPUT_DIR runs/exp1',
      String.raw`output_dir C:\runs\exp2`,
      String.raw`output_dir C:\runs\exp3`,
      'output_dir runs/exp4',
      'output_dir runs/exp5',
      'output_dir runs/exp6',
      'save_dir runs/exp7',
      'output_dir runs/exp8',
      'project_dir runs/exp9',
    ]);
  });

  it.each([
    ['an f-string', 'output_dir = f"runs/{name}"'],
    ['a format', 'output_dir = "runs/{}".format(name)'],
    ['another format', 'output_dir = "runs/%s" % name'],
    ['a sum', 'output_dir = "runs/" + name'],
    ['a sum over lines', 'f(output_dir="runs/"\n  + name)'],
    ['strings side by side', 'output_dir = "runs/" "exp1"'],
    ['a path that goes on', 'output_dir = Path("runs") / name'],
    ['a condition', 'output_dir = "runs/exp1" if x else "runs/exp2"'],
    ['a method', 'output_dir = "runs/exp1".replace("1", "2")'],
    ['a variable of the environment', 'output_dir = "$SCRATCH/exp1"'],
    ['a home folder', 'output_dir = "~/runs"'],
    ['bytes', 'output_dir = b"runs"'],
    ['an escape', String.raw`output_dir = "runs\texp1"`],
    ['an address', 'output_dir = "s3://bucket/exp1"'],
    ['a share of another machine', String.raw`output_dir = r"\\host\share"`],
    ['the same with slashes', 'output_dir = "//host/share"'],
    ['a comparison', 'if output_dir == "runs/exp1": pass'],
    ['what only looks like an annotation', 'if output_dir: name = "runs/exp1"'],
    ['a docstring', '"""\noutput_dir="runs/exp1"\n"""'],
    ['a string', `x = 'output_dir="runs/exp1"'`],
    ['another key', 'input_dir = "runs/exp1"'],
    ['nothing', 'output_dir = ""'],
    ['flags of one argument', 'p.add_argument("--output_dir", "--save_dir")'],
  ])('leaves %s alone', (_, script) => expect(found('python', script)).toEqual([]));

  it('shell commands in a cell of a notebook', () => {
    expect(found('python', 'lr = 1\n!python train.py --output_dir runs/exp1 --lr $lr\nsave_dir = "runs/exp2"')).toEqual([
      'output_dir runs/exp1',
      'save_dir runs/exp2',
    ]);
    expect(found('python', '%%bash\npython train.py \\\n  --output_dir=runs/exp1')).toEqual(['output_dir runs/exp1']);
  });
});

describe('YAML', () => {
  it('axolotl', () => {
    const config = `base_model: NousResearch/Llama-3.2-1B
datasets:
  - path: teknium/GPT4-LLM-Cleaned
    type: alpaca
dataset_prepared_path: last_run_prepared
val_set_size: 0.1
output_dir: ./outputs/lora-out   # here
adapter: lora
`;
    expect(found('yaml', config)).toEqual(['output_dir ./outputs/lora-out']);
  });

  it('LLaMA-Factory', () => {
    const config = `### output\r\noutput_dir: saves/llama3-8b/lora/sft\r\nlogging_steps: 10\r\n`;
    expect(scriptReferences(config, 'yaml')).toEqual([
      { line: 1, start: 12, end: 36, path: 'saves/llama3-8b/lora/sft', key: 'output_dir' },
    ]);
  });

  it('hydra: the folder of the run, nested and dotted; no other dir', () => {
    const config = `hydra:
  run:
    dir: outputs/exp1
  job:
    dir: no
  sweep:
    dir: multirun/exp1
    subdir: no
dir: no
hydra.run.dir: "outputs/exp2"
`;
    expect(found('yaml', config)).toEqual(['hydra.run.dir outputs/exp1', 'hydra.sweep.dir multirun/exp1', 'hydra.run.dir outputs/exp2']);
  });

  it('Lightning, NeMo, accelerate: nested, quoted, in lists', () => {
    const config = `trainer:
  default_root_dir: 'runs/exp1' # x
  callbacks:
    - class_path: lightning.pytorch.callbacks.ModelCheckpoint
      init_args:
        dirpath: "runs/exp 2"
exp_manager:
  exp_dir: /data/runs
jobs:
  - output_dir: runs/exp3
    lr: 1
`;
    expect(found('yaml', config)).toEqual([
      'default_root_dir runs/exp1',
      'dirpath runs/exp 2',
      'exp_dir /data/runs',
      'output_dir runs/exp3',
    ]);
  });

  it.each([
    ['a comment', '# output_dir: runs/exp1'],
    ['an interpolation', `output_dir: \${oc.env:SCRATCH}/exp1`],
    ['a date', `output_dir: outputs/\${now:%Y-%m-%d}`],
    ['a template', 'output_dir: "{{ workdir }}/exp1"'],
    ['a block of text', 'notes: |\n  output_dir: runs/exp1\n\n  save_dir: runs/exp1'],
    ['an alias', 'output_dir: *out'],
    ['an anchor', 'output_dir: &out runs/exp1'],
    ['nothing', 'output_dir:'],
    ['a list', 'output_dir: [runs/exp1]'],
    ['an open quote', 'output_dir: "runs/exp1'],
  ])('leaves %s alone', (_, config) => expect(found('yaml', config)).toEqual([]));

  it('goes on after a block of text', () => {
    expect(found('yaml', 'a:\n  notes: >-\n    save_dir: no\n  output_dir: runs/exp1')).toEqual(['output_dir runs/exp1']);
  });
});

describe('JSON and TOML', () => {
  it('a configuration of Accelerate or of LLaMA-Factory, nested', () => {
    const config = '{\n  "model": {"name": "x"},\n  "output_dir": "saves/exp1",\n  "trainer": { "save_dir": "C:\\\\runs\\\\exp2" }\n}';
    expect(found('json', config)).toEqual(['output_dir saves/exp1', String.raw`save_dir C:\runs\exp2`]);
  });

  it('a launch configuration, with comments', () => {
    const config = `{
  // "output_dir": "no"
  /* "output_dir": "no" */
  "args": ["--output_dir", "runs/exp1", "--save-dir=runs/exp2", "--url", "http://x"],
}`;
    expect(found('jsonc', config)).toEqual(['output_dir runs/exp1', 'save_dir runs/exp2']);
  });

  it('TOML: sections, dotted and bare keys, literal strings, inline tables', () => {
    const config = String.raw`# output_dir = "no"
output-dir = "runs/exp1" # here
[job]
dump_folder = './outputs\a'
hydra.run.dir = "runs/exp2"
saver = { save_dir = "runs/exp3", every = 10 }
text = """
output_dir = "no"
"""
save_dir = "runs/exp4"`;
    expect(found('toml', config)).toEqual([
      'output_dir runs/exp1',
      String.raw`dump_folder ./outputs\a`,
      'hydra.run.dir runs/exp2',
      'save_dir runs/exp3',
      'save_dir runs/exp4',
    ]);
  });
});

describe('shell', () => {
  it('flags, overrides and variables', () => {
    const script = `#!/bin/bash
#SBATCH --output=logs/%j.out
# python train.py --output_dir no
export OUTPUT_DIR="runs/exp1"
accelerate launch train.py \\
  --model_name_or_path meta-llama/Llama-3 \\
  --output_dir runs/exp2 \\
  --learning_rate 1e-4
torchrun train.py --output-dir=runs/exp3 && echo done
python train.py hydra.run.dir=runs/exp4 trainer.default_root_dir='runs/exp 5' +trainer.x=1
fairseq-train data --save-dir 'runs/exp6'
python pretrain_gpt.py --save runs/exp7 --load runs/no
`;
    expect(found('shellscript', script)).toEqual([
      'OUTPUT_DIR runs/exp1',
      'output_dir runs/exp2',
      'output_dir runs/exp3',
      'hydra.run.dir runs/exp4',
      'default_root_dir runs/exp 5',
      'save_dir runs/exp6',
      'save runs/exp7',
    ]);
  });

  it.each([
    ['a variable', 'x --output_dir $OUT'],
    ['a variable in quotes', 'x --output_dir "$OUT/exp1"'],
    ['a command', 'x --output_dir "`date`"'],
    ['what is put together', 'x --output_dir runs/"exp1"'],
    ['a pattern', 'x --output_dir runs/*'],
    ['a home folder', 'x --output_dir ~/runs'],
    ['a flag without a value', 'x --output_dir --lr 1'],
    ['another command', 'x --output_dir; ls'],
    ['an open quote', 'x --output_dir "runs'],
    ['a here document', "cat <<'EOF'\nit's --output_dir runs/exp1\nEOF"],
  ])('leaves %s alone', (_, script) => expect(found('shellscript', script)).toEqual([]));

  it('goes on after a here document', () => {
    expect(found('shellscript', "cat <<EOF > x\nit's\nEOF\nx --output_dir runs/exp1")).toEqual(['output_dir runs/exp1']);
  });
});

describe('hostile texts', () => {
  const languages: ScriptLanguage[] = ['python', 'yaml', 'json', 'jsonc', 'toml', 'shellscript'];
  const size = 100_000;
  const pieces = [
    '"', "'", '\\"', '"""', '(', 'f(', '[', '{"a":', '#', '/*', '\\', '\n', '\\\n', '\r', ' ', 'a', 'a.', 'a=', '-', '- ', ': ', 'a: ', 'a: |\n', '<<a\n',
    '!', '\n!', 'output_dir=', 'output_dir="a"', 'output_dir: ', 'output_dir: a\n', '--output_dir ', '--output_dir=a ', 'Path(', 'torch.save(x,"a/b")',
    '$', '`', '\0', '\u2028', '\ud800', 'é', '日', ',"a"', '=,:"a"',
  ]; // biome-ignore format: a list
  it.each(languages)('take no longer than their length asks: %s', (language) => {
    for (const piece of pieces) {
      const text = piece.repeat(Math.ceil(size / piece.length)).slice(0, size);
      const start = process.cpuUsage();
      expect(scriptReferences(text, language).length).toBeLessThanOrEqual(100);
      const { user, system } = process.cpuUsage(start);
      expect((user + system) / 1000, JSON.stringify(piece)).toBeLessThan(500);
    }
  });

  it('are passed over beyond a size, a length of line and of path, and a number', () => {
    const one = 'output_dir="runs/exp1"\n';
    expect(scriptReferences(one.repeat(30_000), 'python')).toEqual([]);
    expect(scriptReferences(one.repeat(300), 'python')).toHaveLength(100);
    expect(scriptReferences(`f(${'x, '.repeat(700)}${one})`, 'python')).toEqual([]);
    expect(scriptReferences(`output_dir = "${'a'.repeat(1001)}"`, 'python')).toEqual([]);
    expect(scriptReferences('output_dir = "a\0b"', 'python')).toEqual([]);
  });

  it('give ranges within their lines, whatever is cut off', () => {
    const text = 'x = f(output_dir="runs/exp1", d={"save_dir": r"a\\b"})\n!x --save-dir=\'q\' <<E\n#\nhydra:\n  run:\n    dir: "a" # b\n';
    for (const language of languages)
      for (let from = 0; from < text.length; from++)
        for (const to of [text.length, from + 17, from + 40]) {
          const cut = text.slice(from, to);
          found(language, cut);
        }
  });
});
