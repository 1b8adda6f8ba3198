import js from '@eslint/js'
import tseslint from 'typescript-eslint'

// The data flow, left to right. A room imports from itself and from rooms to its left, never back.
const rooms = ['registry', 'plan', 'verify', 'build', 'promote', 'report']

const layerRule = rooms.map((room, position) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: [...rooms.slice(position + 1), 'inputs', 'command', 'edge']
              .map((later) => `**/${later}/**`)
              .concat('../*.ts', '!../errors.ts', '!../version.ts'),
            message: `${room}/ imports only from errors.ts, version.ts and the rooms to its left: ${rooms.slice(0, position).join(', ') || 'none'}.`,
          },
        ],
      },
    ],
  },
}))

export default tseslint.config(
  { ignores: ['dist/', '.cache/', 'node_modules/', 'coverage/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'type'],
      // A complaint about an input is also the undefined that its reader returns.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      'max-lines': ['error', { max: 200, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['__tests__/**/*.ts'],
    rules: { 'max-lines': 'off', 'max-lines-per-function': 'off' },
  },
  ...layerRule,
)
