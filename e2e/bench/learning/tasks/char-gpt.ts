// A character-level GPT of four layers on tinyshakespeare.
import { createRng } from '../../../../src/base/rng.ts'
import { allWindows, parseCharacters, randomWindows, type Windows } from '../../../../src/data/text/characters.ts'
import type { Examples } from '../../../../src/engine.ts'
import { zoo } from '../../../../src/model/zoo/index.ts'
import { inputShape } from '../../../../src/model/spec.ts'
import type { Task } from '../task.ts'

export const charGpt: Task = {
  name: 'char-gpt-nano',
  title: 'char-GPT nano on tinyshakespeare, 2,000 steps of 12 x 64 characters',
  target: { metric: 'validation loss, nats a character', goal: 'at most', value: 1.95, from: 'chosen beforehand for this size and number of steps' },
  seeds: [1],
  async prepare(data, seed) {
    const { bytes } = await data.file('input.txt', 'tinyshakespeare/input.txt')
    const { tokens } = parseCharacters(bytes)
    const cut = Math.floor(0.9 * tokens.length)
    const model = zoo.get('char-gpt-nano')
    const [context] = inputShape(model.spec.inputs['x']!) as [number]
    const examples = ({ x, labels }: Windows): Examples => ({ x, labels })
    return {
      model,
      batch: (step) => examples(randomWindows(tokens.subarray(0, cut), model.recipe.batchSize, context, createRng(`char-gpt ${seed} ${step}`))),
      evaluateEvery: 250,
      test: examples(allWindows(tokens.subarray(cut), context)),
      score: ({ loss }) => loss,
    }
  },
}
