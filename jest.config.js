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

export default {
  projects: [
    project('unit', { testMatch: ['<rootDir>/__tests__/unit/**/*.test.ts'] }),
    project('integration', { testMatch: ['<rootDir>/__tests__/integration/**/*.test.ts'] }),
  ],
}
