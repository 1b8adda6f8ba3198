// Those that need the machine for themselves, because they measure time. Others that do count the
// fastest of several attempts, and look only for processes of their own.
const alone = ['cost', 'plan-cost']

const project = (displayName, settings) => ({
  displayName,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          ...{ target: 'es2024', parser: { syntax: 'typescript' } },
          // `with { type: 'json' }`
          experimental: { keepImportAttributes: true },
        },
      },
    ],
  },
  ...settings,
})

const integration = (displayName, settings) =>
  project(displayName, { globalSetup: '<rootDir>/script/prepare-tests.ts', ...settings })

export default {
  // For the slowest machine, beside other work; what takes longer by itself has a limit of its own
  testTimeout: 30_000,
  testSequencer: '<rootDir>/script/test-sequencer.js',
  projects: [
    project('unit', { testMatch: ['<rootDir>/__tests__/unit/**/*.test.ts'] }),
    integration('integration', {
      testMatch: ['<rootDir>/__tests__/integration/**/*.test.ts'],
      testPathIgnorePatterns: [`/integration/(${alone.join('|')})\\.test\\.ts$`],
    }),
    integration('alone', {
      testMatch: alone.map((name) => `<rootDir>/__tests__/integration/${name}.test.ts`),
    }),
  ],
}
