import { cpus } from 'node:os'

export const machine = (): string => `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown processor'}`
