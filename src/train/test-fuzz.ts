// How many random cases a test tries, and which: few and always the same ones, so that what fails fails again. For long runs
// `FUZZ_COUNT=1000 FUZZ_SEED=7 npx vitest run src/train/tfjs.test.ts`; without a seed the first of them are the usual ones.

const { FUZZ_COUNT, FUZZ_SEED } = process.env

/** `usual` unless FUZZ_COUNT says otherwise. */
export function fuzzCount(usual: number): number {
  const count = Number(FUZZ_COUNT ?? usual)
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`FUZZ_COUNT: must be a whole number of cases, got "${FUZZ_COUNT}". Use 1000, for example.`)
  return count
}

/** The seed of case `i`. */
export const fuzzSeed = (name: string, i: number): string => [name, ...(FUZZ_SEED === undefined ? [] : [FUZZ_SEED]), i].join(' ')

/** What holds of many cases need not hold of the few that are tried to find one again. */
export const isFuzzLong = (usual: number): boolean => fuzzCount(usual) >= usual
