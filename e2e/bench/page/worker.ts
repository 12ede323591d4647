// Everything is measured in this one worker, as a volunteer's tab would run it.
import { expose } from 'comlink'
import { benches } from './benches.ts'

expose(benches)
