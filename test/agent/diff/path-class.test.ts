import { describe, expect, test } from 'vitest';
import { classOfPath } from '../../../src/agent/diff/path-class.ts';

const CLASSES = {
  docs: [
    'README.md',
    'docs/cache.md',
    'docs/conf.py',
    'LICENSE',
    'services/a/CHANGELOG.md',
    'doc/x.rst',
    'changelog.d/123.added',
  ],
  ci: [
    '.github/workflows/ci.yml',
    '.gitlab-ci.yml',
    'Jenkinsfile',
    'Makefile',
    'tsconfig.json',
    'vitest.config.ts',
    '.config/nextest.toml',
    'lefthook.yml',
    'phpunit.xml.dist',
    '.env.example',
    '.changeset/brave-cats.md',
    'commitlint.config.cjs',
    'noxfile.py',
  ],
  test: [
    'test/a.ts',
    'src/a.test.ts',
    'src/a.spec.tsx',
    'pkg/store_test.go',
    'app/spec/a_spec.rb',
    'tests/test_a.py',
    'conftest.py',
    'src/UserTest.java',
    'fixtures/token.json',
    'src/__mocks__/redis.ts',
    'src/migrations/migrate.test.ts',
    'Shop.Tests/Orders.cs',
    'src/testing/fakes.ts',
    'examples/pay.py',
  ],
  lock: ['package-lock.json', 'go.sum', 'a/yarn.lock', 'Cargo.lock', 'poetry.lock', 'Gemfile.lock'],
  manifest: [
    'package.json',
    'services/a/go.mod',
    'requirements.txt',
    'requirements-dev.txt',
    'pyproject.toml',
    'Shop.csproj',
  ],
  generated: [
    'dist/a.js',
    'vendor/x/y.go',
    'api/shop.pb.go',
    'a_pb2.py',
    'x/__snapshots__/a.snap',
    'lib/a.min.js',
    'db/structure.sql',
  ],
  migration: [
    'db/migrate/20260101_add.rb',
    'prisma/migrations/1/migration.sql',
    'sql/V12__orders.sql',
    'alembic/versions/ab.py',
  ],
  config: [
    'config/app.yaml',
    'deploy/values.yml',
    '.env',
    '.env.production',
    'infra/main.tf',
    'Dockerfile',
    'appsettings.json',
  ],
  ui: ['src/components/cart.tsx', 'web/pay.vue', 'src/hooks/use-cart.ts', 'vite.config.ts', 'index.html'],
  asset: [
    'src/app.css',
    'logo.svg',
    'locales/de.po',
    'config/locales/de.yml',
    'lang/en/messages.php',
    'src/i18n/fr.json',
  ],
  code: [
    'src/a.ts',
    'src/latest.java',
    'services/docs/server.ts',
    'app/api/components/route.tsx',
    'run.sh',
    'x.unknown',
    'queries/open.sql',
    'src/i18n/plural.ts',
    'lang/parser.go',
  ],
} as const;

describe.each(Object.entries(CLASSES))('%s', (pathClass, paths) => {
  test.each(paths.map((path) => [path]))('%s', (path) => {
    expect(classOfPath(path)).toBe(pathClass);
  });
});
