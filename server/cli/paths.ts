// Where the built parts lie, seen from dist/node, in which this runs.
import { join } from 'node:path'

export const PAGES_DIR = join(import.meta.dirname, '../pages')
export const VOLUNTEER_PROGRAM = join(import.meta.dirname, 'volunteer.js')
