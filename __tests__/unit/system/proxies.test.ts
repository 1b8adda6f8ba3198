import { describe, expect, it } from '@jest/globals'
import {
  dockerProxySecrets,
  environmentProxySecrets,
  refuseToPublishProxies,
} from '../../../src/system/proxies.ts'
import { UserError } from '../../../src/errors.ts'

const proxy = 'http://me:p%40ss@proxy.example:3128'

describe("the passwords of the proxies in Docker's configuration", () => {
  it.each<[string, unknown, string[]]>([
    ['no configuration', undefined, []],
    ['no proxies', { auths: {} }, []],
    ['a proxy without a password', { proxies: { default: { httpProxy: 'http://proxy.example' } } }, []],
    [
      'one with a password, as it is written and as it is meant',
      { proxies: { default: { httpProxy: proxy } } },
      ['p%40ss', 'p@ss', 'me:p%40ss', 'me:p@ss'],
    ],
    [
      'those of each engine and each protocol',
      {
        proxies: {
          default: { httpsProxy: 'http://a:one@x' },
          'tcp://engine': { ftpProxy: 'http://b:two@x', allProxy: 'socks5://c:three@x' },
        },
      },
      ['one', 'a:one', 'two', 'b:two', 'three', 'c:three'],
    ],
    [
      'what is no address',
      { proxies: { default: { noProxy: '127.0.0.0/8,.example', httpProxy: 5, httpsProxy: null } } },
      [],
    ],
    ['an invalid configuration', { proxies: 'http://a:b@c' }, []],
    ['a list', [], []],
  ])('%s', (_, configuration, expected) => {
    expect([...new Set(dockerProxySecrets(configuration))]).toEqual(expected)
  })
})

describe('the passwords of the proxies in the environment', () => {
  it.each([
    'http_proxy',
    'https_proxy',
    'ftp_proxy',
    'all_proxy',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'FTP_PROXY',
    'ALL_PROXY',
  ])('are found in %s', (name) => {
    expect(environmentProxySecrets({ [name]: proxy })).toEqual(['p%40ss', 'p@ss', 'me:p%40ss', 'me:p@ss'])
  })

  it.each(['me:hunter2-x@proxy.example', 'http:/me:hunter2-x@proxy.example', 'socks5://me:hunter2-x@x'])(
    'are found in %s',
    (address) => {
      expect(environmentProxySecrets({ http_proxy: address })).toContain('hunter2-x')
    },
  )

  it.each<[string, NodeJS.ProcessEnv]>([
    ['in an empty environment', {}],
    ['in an empty variable', { http_proxy: '' }],
    ['in an address without one', { https_proxy: 'http://proxy.example:3128' }],
    ['in an address without a scheme', { http_proxy: 'proxy.example:3128' }],
    ['in other variables', { no_proxy: proxy, HOME: proxy }],
  ])('are not found %s', (_, environment) => {
    expect(environmentProxySecrets(environment)).toEqual([])
  })
})

describe('provenance that would publish passwords', () => {
  it.each(['mode=max', 'builder-id=x,mode=max', 'true', 'mode=full', 'type=provenance,mode=MAX'])(
    'is refused as %s',
    (provenance) => {
      const refused = () => {
        refuseToPublishProxies(provenance, ['secret'])
      }
      expect(refused).toThrow(UserError)
      expect(refused).toThrow(/^provenance would publish the password of the proxy/)
      expect(refused).not.toThrow('secret')
    },
  )

  it.each<[string | undefined, string[]]>([
    ['mode=max', []],
    ['mode=min', ['secret']],
    ['false', ['secret']],
    ['disabled=true', ['secret']],
    [undefined, ['secret']],
  ])('is not %s with %j', (provenance, secrets) => {
    expect(() => {
      refuseToPublishProxies(provenance, secrets)
    }).not.toThrow()
  })
})
