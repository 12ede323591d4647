// The command line. Flags are declared here and nowhere else; what a person got wrong ends with one message and code 2.
import { Command, CommanderError, Option } from 'commander'
import { ConfigError } from '../../src/base/errors.ts'
import { zoo } from '../../src/model/zoo/index.ts'
import { DEFAULT_RETENTION } from '../coordinator/retention.ts'
import { runNames } from '../runs.ts'
import { backup, restore, rollback, type BackupOptions } from './backup.ts'
import { exportModel, type ExportOptions } from './export.ts'
import { list } from './list.ts'
import { collect, httpOrigin, numberWithin, positiveNumber, wholeNumber } from './options.ts'
import { DEFAULT_WORLD } from '../simulate/world.ts'
import { start, type StartOptions } from './start.ts'
import { runSimulation, type SimulateFlags } from './simulate.ts'
import { train, type TrainOptions } from './train.ts'
import { tune, type TuneOptions } from './tune.ts'
import { verify } from './verify.ts'
import { VOLUNTEER_KINDS } from './volunteers.ts'

const RUN_HELP = `a named run (${runNames().join(', ')}) or the path of a run file`

function addCommonFlags(command: Command): Command {
  return command
    .addOption(new Option('--data-dir <folder>', 'folder of the data set, or of several').env('DATA_DIR'))
    .option('--volunteers <count>', 'volunteers of our own', wholeNumber(0, 256), 2)
    .addOption(new Option('--runner <kind>', 'our volunteers are tabs of a headless browser that compute by WebGPU (gpu), by WebAssembly (wasm) or by what is faster (auto), or Node processes (node)').choices(VOLUNTEER_KINDS).default('auto'))
    .option('--seed <number>', 'seed of the run, instead of the one in its file', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option('--fresh', 'begin anew: delete what the state folder holds of this run', false)
    .option('--keep-checkpoints <count>', 'newest checkpoints to keep, each a place to fall back and to roll back to', wholeNumber(1, 1_000), DEFAULT_RETENTION.last)
    .option('--keep-every <versions>', 'keep besides, for ever, the first checkpoint of each so many versions', wholeNumber(1, 1e9))
    .addOption(new Option('--keep-log <part>', 'keep the log back to the beginning (all), so that all of it can be verified, or back to the oldest checkpoint (needed)').choices(['all', 'needed']).default(DEFAULT_RETENTION.log))
    .option('--host <address>', 'address to listen on (this machine alone over http, every address over https)')
    .option('--https', 'serve https with a certificate of our own, so that other machines can join', false)
    .option('--cert <file>', 'certificate (PEM) to serve https with')
    .option('--key <file>', 'private key (PEM) of --cert')
    .option('--trust-proxy', 'believe X-Forwarded-Host, as behind a proxy of your own', false)
    .option('--allow-origin <origin>', 'another origin whose pages may connect (repeatable)', httpOrigin, [])
}

function addSimulate(program: Command): void {
  const world = DEFAULT_WORLD
  program.command('simulate').description('run the coordinator with simulated volunteers in virtual time; the same seed gives the same report, byte for byte but for wallSeconds')
    .option('--run <run>', RUN_HELP, 'digits-cnn')
    .addOption(new Option('--data-dir <folder>', 'folder of the data set, or of several').env('DATA_DIR'))
    .option('--volunteers <count>', 'simulated volunteers', wholeNumber(1, 10_000), 100)
    .option('--seed <number>', 'seed of the volunteers, and of the run instead of the one in its file', wholeNumber(0, Number.MAX_SAFE_INTEGER), 1)
    .option('--examples-per-second <number>', 'speed of a middling volunteer', positiveNumber, world.examplesPerSecond)
    .option('--speed-spread <factor>', 'how many times faster the fastest is than the slowest', numberWithin(1, 1e6), world.speedSpread)
    .option('--dropout <probability>', 'that a middling volunteer disappears during a lease', numberWithin(0, 0.99), world.dropout)
    .option('--dropout-spread <factor>', 'how many times more often the least reliable disappears than the most reliable', numberWithin(1, 1e6), world.dropoutSpread)
    .option('--away-seconds <seconds>', 'mean time until it is back', numberWithin(0, 1e9), world.awaySeconds)
    .option('--upload-mbps <number>', 'bandwidth of a middling volunteer, megabits per second', positiveNumber, world.uploadMbps)
    .option('--download-mbps <number>', 'the same downwards', positiveNumber, world.downloadMbps)
    .option('--bandwidth-spread <factor>', 'widest bandwidth over narrowest', numberWithin(1, 1e6), world.bandwidthSpread)
    .option('--latency-ms <number>', 'of each message, one way', numberWithin(0, 1e6), world.latencyMs)
    .option('--partition <way>', 'how the data are divided, instead of what the run file says: iid, dirichlet:ALPHA, label-shards:COUNT, ...')
    .option('--attack <name>', 'what attackers send: bit-flip, label-flip, inner-product, ...')
    .option('--attackers <count>', 'how many of the volunteers attack', wholeNumber(1, 9_999))
    .option('--stop <condition>', 'accuracy>=, loss<=, rounds>= or examples>= and a number')
    .option('--max-hours <hours>', 'end after so much virtual time', positiveNumber)
    .addOption(new Option('--evaluate <when>', 'rounds: after every version, at no virtual cost; leases: by volunteers, as in a real run (rounds, or as often as the run file says, unless given)').choices(['rounds', 'leases']))
    .option('--report <file>', 'write the report as JSON, and its curves as SVG beside it')
    .option('--save-to <file>', 'go on from this file, where it exists, and save to it: long simulations can be stopped (Ctrl-C) and resumed')
    .option('--chart <file>', 'write the curves as SVG there')
    .action(async (flags: SimulateFlags) => { process.exitCode = await runSimulation(flags) ? 0 : 1 })
}

function createProgram(): Command {
  const program = new Command('commonweight')
    .description('Train one neural network on the GPUs of everyone who opens a web page.')
    .exitOverride()
    .showSuggestionAfterError()
  addCommonFlags(program.command('start').description('start a coordinator that people watch and join; resumes what it finds'))
    .option('--run <run>', `${RUN_HELP} (repeatable; digits-cnn unless given)`, collect)
    .addOption(new Option('--port <number>', 'port to listen on').env('PORT').default(8787).argParser(wholeNumber(0, 65_535)))
    .option('--state-dir <folder>', 'where progress is kept', '.commonweight')
    .action(async (flags: Omit<StartOptions, 'run'> & { readonly run?: readonly string[] }) => {
      await start({ ...flags, run: flags.run ?? ['digits-cnn'] })
      process.exitCode = 0
    })
  addCommonFlags(program.command('train').description('run headless until a target is met; exits with 0 when it is, with 1 when it is not'))
    .option('--run <run>', RUN_HELP, 'digits-cnn')
    .option('--port <number>', 'port to listen on (any free one unless given)', wholeNumber(0, 65_535), 0)
    .option('--state-dir <folder>', 'where progress is kept (a temporary folder unless given)')
    .option('--stop <condition>', 'accuracy>=, loss<=, rounds>= or examples>= and a number')
    .option('--max-minutes <minutes>', 'give up after so long', positiveNumber)
    .option('--report <file>', 'write a report as JSON')
    .option('--out <file>', 'write the model as safetensors')
    .action(async (flags: TrainOptions) => { process.exitCode = await train(flags) ? 0 : 1 })
  addSimulate(program)
  program.command('tune').description('measure every shader variant that training a model needs on this GPU, print the table and keep the winners')
    .addOption(new Option('--model <name>', 'model of the zoo').choices([...zoo.names()]).default('mnist-cnn'))
    .option('--batch <count>', "examples in a step (the recipe's unless given)", wholeNumber(1, 65_536))
    .addOption(new Option('--storage <kind>', 'what activations are stored as; f16 where the adapter has shader-f16').choices(['f32', 'f16']).default('f32'))
    .option('--software', 'use the software adapter even where there is a GPU', false)
    .action(async (flags: TuneOptions) => {
      await tune(flags)
      process.exitCode = 0
    })
  program.command('verify').description('prove that no accepted update was lost or applied twice, and that checkpoints and payloads are what the log says')
    .argument('[state-dir]', 'the state folder', '.commonweight')
    .action(async (stateDir: string) => { process.exitCode = await verify(stateDir) ? 0 : 1 })
  program.command('list').description('say what a state folder holds, also while it is in use')
    .argument('[state-dir]', 'the state folder', '.commonweight')
    .action(async (stateDir: string) => list(stateDir))
  program.command('backup').description('write a run as one tar file, also while it goes on')
    .option('--state-dir <folder>', 'the state folder', '.commonweight')
    .option('--run <run>', 'name of the run (needed where the folder holds several)')
    .requiredOption('--to <file>', 'run.tar, for commonweight restore')
    .action((flags: BackupOptions) => backup(flags))
  program.command('restore').description('put a run back from its backup, here or on another machine')
    .argument('<file>', 'what commonweight backup wrote')
    .option('--state-dir <folder>', 'the state folder', '.commonweight')
    .action((file: string, flags: { readonly stateDir: string }) => restore(file, flags))
  program.command('rollback').description('take a stopped run back to a checkpoint: what was accepted after it is gone')
    .option('--state-dir <folder>', 'the state folder', '.commonweight')
    .option('--run <run>', 'name of the run (needed where the folder holds several)')
    .requiredOption('--to-version <version>', 'version of a checkpoint that is kept (commonweight list)', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .action((flags: { readonly stateDir: string; readonly run?: string; readonly toVersion: number }) => rollback(flags))
  program.command('export').description('write the model of a stopped run as a file: ONNX, or safetensors')
    .option('--state-dir <folder>', 'the state folder', '.commonweight')
    .option('--run <run>', 'name of the run (needed where the folder holds several)')
    .requiredOption('--to <file>', 'model.onnx for any ONNX runtime, model.safetensors for its tensors by name')
    .option('--optimizer', "write the optimizer's state too (safetensors)", false)
    .action((flags: ExportOptions) => exportModel(flags))
  return program
}

try {
  await createProgram().parseAsync()
  // Browsers, sockets and threads are closed by now; whatever a library still holds must not keep a finished command.
  process.exit()
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  if (!(error instanceof ConfigError)) throw error
  console.error(`\n${error.message}\n`)
  process.exit(2)
}
