import { describe, expect, it } from '@jest/globals'
import { isProgress, type MessageOptions, Messages } from '../../../src/terminal/messages.ts'
import { painter } from '../../../src/terminal/paint.ts'

const quiet: MessageOptions = { paint: painter(false), verbose: false, debug: false, log: true }

function shown(line: string, options: Partial<MessageOptions> = {}): string | undefined {
  return new Messages({ ...quiet, ...options }).translate(line)
}

it.each<[string, string | undefined]>([
  ['The plan is registry/plan', 'The plan is registry/plan'],
  ['', ''],
  ['::error::It failed.', 'error: It failed.'],
  ['::error title=Gate%3A extension::It failed%2C 100%25.', 'error: Gate: extension: It failed, 100%.'],
  ['::warning file=a,title=b::c', 'warning: b: c'],
  ['::notice::two%0Asentences%0D%0A', 'notice: two\nnotice: sentences'],
  ['::error::a%0A::add-mask::b', 'error: a\nerror: ::add-mask::b'],
  ['::group::vllm v0.21.0: base', '▸ vllm v0.21.0: base'],
  ['::endgroup::', undefined],
  ['::debug::stack', undefined],
  ['::add-mask::secret', undefined],
  ['::save-state name=a::secret', undefined],
  ['::set-output name=a::secret', undefined],
  ['::unknown::secret', undefined],
  ['a ::error:: in a line', 'a ::error:: in a line'],
  ['red \u001b[31mred\u001b[0m \u0007\u202ebell', 'red red bell'],
  ['::error::red%1b \u001b]0;title\u0007x', 'error: red%1b x'],
])('a line for a runner becomes one for people: %j', (line, expected) => {
  expect(shown(line)?.replace(/\r/g, '')).toBe(expected)
})

it('messages for debugging are shown if they are wanted', () => {
  expect(shown('::debug::stack', { debug: true })).toBe('debug: stack')
})

it('without a log only messages are left', () => {
  expect(
    ['a line', '::group::title', '::error::It failed.'].map((line) => shown(line, { log: false })),
  ).toEqual([undefined, undefined, 'error: It failed.'])
})

it('levels have colours', () => {
  expect(shown('::error::It failed.', { paint: painter(true) })).toBe('\u001b[31merror:\u001b[39m It failed.')
})

describe('secrets', () => {
  const messages = new Messages({ ...quiet, verbose: true, debug: true })
  for (const mask of ['hunter2', 'hunter2-and-more', 'with 100%25', ''])
    messages.translate(`::add-mask::${mask}`)

  it.each<[string, string]>([
    ['hunter2', '***'],
    ['a hunter2-and-more b hunter2', 'a *** b ***'],
    ['with 100% of it', '*** of it'],
    ['::error title=hunter2::hunter2', 'error: ***: ***'],
    ['::group::hunter2', '▸ ***'],
    ['::debug::hunter2', 'debug: ***'],
    // An escape sequence must not hide what a terminal shows.
    ['hun\u001b[0mter2', '***'],
    ['hun\u0000ter2', '***'],
  ])('are masked in %j', (line, expected) => {
    expect(messages.translate(line)).toBe(expected)
  })

  it('are found in outputs', () => {
    expect(['a hunter2 b', 'a hunter b'].map((text) => messages.holdsSecret(text))).toEqual([true, false])
  })
})

it.each<[string, boolean]>([
  ['vLLM v0.21.0 for linux/amd64: build, verify, publish', true],
  ['[image 3/9] RUN --mount=type=bind pip install x', true],
  ['[image 3/9] RUN --mount=type=bind pip install x cached', false],
  ['[image 3/9] Collecting redis', false],
  ['… 12 lines', false],
  ['[image] image-action: measured', true],
  ['vllm v0.21.0 | [image 3/9] RUN pip install x', true],
  ['vllm v0.21.0 | [image 3/9] Collecting redis', false],
])('%j tells how far a build is: %s', (line, expected) => {
  expect(isProgress(line)).toBe(expected)
  expect(shown(line) !== undefined).toBe(expected)
  expect(shown(line, { verbose: true })).toBe(line)
})
