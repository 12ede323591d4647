// Options of the commands that measure, as node:util parses them, with errors for people.
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { ConfigError } from '../src/base/errors.ts'

/** Throws ConfigError where an option is unknown, lacks its value or has one too many. */
export function parseCommandLine<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')) throw error
    throw new ConfigError(`${(error as Error).message.split(/(?<=[^.])\. |\n/)[0]!.replace(/\.$/, '')}. --help lists all options.`, { cause: error })
  }
}
