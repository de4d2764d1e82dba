/**
 * What kind of file a path names. `generated` covers snapshots and vendored code as well, `ui` is code that runs in a browser,
 * `asset` what it only shows.
 * Whatever no rule names is `code`: an unknown file is a risk, not a comfort.
 */
export type PathClass =
  | 'docs'
  | 'ci'
  | 'test'
  | 'lock'
  | 'manifest'
  | 'generated'
  | 'migration'
  | 'config'
  | 'ui'
  | 'asset'
  | 'code';

/** The classes that can change how the service behaves, and so are the only ones shown to detectors. */
export const BEHAVING_CLASSES: ReadonlySet<PathClass> = new Set([
  'code',
  'migration',
  'manifest',
  'config',
  'ui',
]);

const setOf = (words: string): ReadonlySet<string> => new Set(words.trim().split(/\s+/));

const DOC_EXTENSIONS = setOf('md mdx markdown rst adoc asciidoc txt tex pdf');
const DOC_NAMES = setOf('license licence notice authors contributors codeowners changelog copying readme');
const ASSET_EXTENSIONS = setOf(
  `
    css scss sass less styl svg png jpg jpeg gif webp avif ico woff woff2 ttf otf eot mp3 mp4
    webm po pot mo xliff xlf strings ftl resx arb
`,
);
const SETTING_EXTENSIONS = setOf(
  'yaml yml toml json json5 jsonc ini env properties conf cfg tf tfvars hcl xml',
);
const TEST_FOLDERS = setOf(
  `
    test tests __tests__ spec specs testdata __mocks__ __fixtures__ fixtures e2e cypress playwright
    androidtest testing test_helpers testutil testutils fakes mocks stubs bench benchmarks benches loadtest loadtests examples
    example samples storybook .storybook
`,
);
const SNAPSHOT_FOLDERS = setOf('__snapshots__ snapshots');
const GENERATED_FOLDERS = setOf(
  '__generated__ generated gen dist build out vendor node_modules third_party thirdparty bower_components pods',
);
const MIGRATION_FOLDERS = setOf('migrations migration migrate alembic flyway liquibase changelogs');
const CI_FOLDERS = setOf(
  `
    .github .circleci .gitlab .buildkite .husky .ci ci .azure .teamcity .vscode .idea .devcontainer .changeset .woodpecker .semaphore
    .storybook .vitepress .docusaurus .run .phan .yarn .tekton .zed
`,
);
const CI_NAMES = setOf(
  `
    .gitlab-ci.yml .travis.yml azure-pipelines.yml bitbucket-pipelines.yml appveyor.yml .appveyor.yml .drone.yml cloudbuild.yaml
    jenkinsfile makefile gnumakefile justfile taskfile.yml taskfile.yaml earthfile vagrantfile brewfile procfile.dev rakefile
    noxfile.py fabfile.py .gitignore .gitattributes .gitmodules .mailmap .editorconfig .npmrc .nvmrc .node-version .python-version
    .ruby-version .java-version .sdkmanrc .tool-versions .mise.toml mise.toml .envrc flake.nix shell.nix default.nix devbox.json
    .dockerignore .helmignore .prettierignore .eslintignore .trivyignore .snyk .flake8 .pylintrc pylintrc mypy.ini .coveragerc
    .simplecov .rspec .yardopts .yamllint .markdownlint.json .markdownlint.yml .hadolint.yaml .jshintrc .swcrc .babelrc
    .browserslistrc .clang-format .scalafmt.conf .sequelizerc .overcommit.yml .env.example .env.sample .env.test .env.dist
    env.example sonar-project.properties pyrightconfig.json pytest.ini tox.ini phpunit.xml phpunit.xml.dist phpcs.xml phpcs.xml.dist
    .php-cs-fixer.php .php-cs-fixer.dist.php rector.php infection.json pint.json grumphp.yml checkstyle.xml pmd.xml spotbugs.xml
    detekt.yml stylecop.json .globalconfig biome.json dprint.json tsconfig.json knip.json typedoc.json cspell.json .cspell.json
    typos.toml _typos.toml taplo.toml deny.toml cliff.toml bacon.toml nextest.toml rust-toolchain.toml rust-toolchain rustfmt.toml
    .rustfmt.toml clippy.toml renovate.json renovate.json5 codecov.yml .codecov.yml dependabot.yml .mergify.yml lefthook.yml
    lefthook.yaml .lefthook.yml .pre-commit-config.yaml .lintstagedrc .lintstagedrc.json .releaserc .releaserc.json
    release-please-config.json .release-please-manifest.json .goreleaser.yml .goreleaser.yaml .golangci.yml .mockery.yaml
    .mockery.yml mkdocs.yml .readthedocs.yaml .readthedocs.yml turbo.json nx.json lerna.json skaffold.yaml tiltfile
    docker-compose.test.yml docker-compose.yml compose.yaml compose.yml docker-compose.override.yml jest.setup.ts jest.setup.js
    vitest.setup.ts vitest.workspace.ts karma.conf.js .mocharc.json .mocharc.yml .mocharc.js .nycrc .nycrc.json
`,
);
const LOCK_NAMES = setOf(
  `
    package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb go.sum
    packages.lock.json gradle.lockfile deno.lock bun.lockb flake.lock mix.lock podfile.lock package.resolved .terraform.lock.hcl
`,
);
const MANIFEST_NAMES = setOf(
  `
    package.json go.mod cargo.toml gemfile composer.json pyproject.toml setup.py setup.cfg pipfile
    pom.xml build.gradle build.gradle.kts libs.versions.toml build.sbt directory.packages.props
`,
);
/** Fragments from which a changelog is put together. */
const NEWS_FOLDERS = setOf(
  'changelog.d changelogs.d newsfragments .changes changes.d releasenotes release-notes',
);
const TRANSLATION_FOLDERS = setOf('locales locale i18n l10n lang translations');
const TRANSLATION_EXTENSIONS = setOf('json yml yaml properties php resx arb toml');
const UI_FOLDERS = setOf(
  'components ui frontend webapp browser storefront hooks widgets screens composables',
);

const TEMPLATE_FOLDERS = setOf('templates views');
const SERVER_FOLDERS = setOf('api server backend functions emails lambda workers');
const SCREEN_EXTENSIONS = setOf('tsx jsx vue svelte astro html htm');
const SCRIPT_EXTENSIONS = setOf('ts js mjs');

/** Classes a path by its folders, name and extension. The first rule that speaks wins. Case does not matter. */
export function classOfPath(path: string): PathClass {
  const parts = path.toLowerCase().split('/');
  const name = parts.at(-1) ?? '';
  const folders = parts.slice(0, -1);
  const extension = extensionOf(path);
  const isUnder = (names: ReadonlySet<string>): boolean => folders.some((folder) => names.has(folder));
  // What a JVM service runs lies under src/main, whatever its packages are called.
  const isRun = /(?:^|\/)src\/main\/(?:java|kotlin|scala|resources)\//.test(parts.join('/'));
  const isUnderTests = folders.some((folder) =>
    /[._-](?:tests?|specs?|testing|e2e|benchmarks?)$|^(?!contest|latest|attest|protest)[a-z]{3,20}test(?:kit|utils?|support)?$/.test(
      folder,
    ),
  );

  if (isUnder(SNAPSHOT_FOLDERS) || extension === 'snap') return 'generated';
  const isNamedTest = isTest(path.slice(path.lastIndexOf('/') + 1));
  if (isNamedTest || (!isRun && (isUnder(TEST_FOLDERS) || isUnderTests))) return 'test';
  if (LOCK_NAMES.has(name) || extension === 'lock') return 'lock';
  if (isUnder(GENERATED_FOLDERS) || isGenerated(name)) return 'generated';
  if (
    isUnder(CI_FOLDERS) ||
    CI_NAMES.has(name) ||
    /^(?:docker-)?compose[.-](?:dev|local|test|ci|override)[\w.-]*\.ya?ml$/.test(name) ||
    /^\.(?:rubocop|eslintrc|golangci|prettierrc|stylelintrc|ktlint|phpstan|swiftlint|commitlintrc|markdownlint)[\w.-]*$|^(?:phpstan|ruff|clippy|psalm|pint)[\w.-]*\.(?:neon|toml|xml)(?:\.dist)?$|^(?:eslint|prettier|vitest|jest|playwright|cypress|commitlint|lint-staged|release|stylelint|postcss|tailwind|babel|metro|docusaurus|drizzle|codegen|typedoc|knip)\.config\.|^tsconfig\.[\w.-]*json$/.test(
      name,
    )
  ) {
    return 'ci';
  }
  if (MANIFEST_NAMES.has(name) || /^requirements[\w-]*\.(?:txt|in)$/.test(name) || extension === 'csproj') {
    return 'manifest';
  }
  if (isMigration(name, isUnder(MIGRATION_FOLDERS), extension)) return 'migration';
  if (DOC_EXTENSIONS.has(extension) || DOC_NAMES.has(name) || isUnder(NEWS_FOLDERS)) return 'docs';
  if (isUnder(TRANSLATION_FOLDERS) && TRANSLATION_EXTENSIONS.has(extension)) return 'asset';
  // Only at the root: a service may well have a folder of its own called "docs".
  if (folders[0] === 'docs' || folders[0] === 'doc') return 'docs';
  if (ASSET_EXTENSIONS.has(extension)) return 'asset';
  // What a server fills in and sends: nothing of it runs in the browser by itself.
  if (/^html?$/.test(extension) && isUnder(TEMPLATE_FOLDERS)) return 'asset';
  // What goes into the bundle is decided here.
  if (/^(?:vite|webpack|rollup|next|nuxt|svelte|astro|rspack)\.config\.[a-z]+$/.test(name)) return 'ui';
  if (isBrowserCode(extension, folders, name)) return 'ui';
  if (SETTING_EXTENSIONS.has(extension) || /^(?:dockerfile|\.env)/.test(name)) return 'config';
  return 'code';
}

/** The last part of a path, lower-cased. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).toLowerCase();
}

/** What follows the last dot of the name, lower-cased; the whole name of a dot file such as ".env"; else empty. */
export function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1);
}

function isTest(writtenName: string): boolean {
  const name = writtenName.toLowerCase();
  return (
    /[._-](?:test|tests|spec|stories|bench|e2e)\.[a-z]+$/.test(name) ||
    /^(?:test_[\w-]+|conftest)\.py$/.test(name) ||
    /(?:_test|_spec)\.[a-z]+$/.test(name) ||
    // Capitals tell "UserTest.java" from "Latest.java".
    /(?:Test|Tests|Spec|IT)\.(?:java|kt|cs|php|scala|swift)$/.test(writtenName)
  );
}

function isGenerated(name: string): boolean {
  return (
    /\.(?:pb|pb\.gw|generated|gen|g|designer|min|bundle)\.[a-z]+$/.test(name) ||
    /_(?:pb2|pb2_grpc|generated|gen)\.[a-z]+$/.test(name) ||
    name === 'structure.sql' ||
    name.endsWith('.map')
  );
}

function isMigration(name: string, isInFolder: boolean, extension: string): boolean {
  if (/^[vur]\d*(?:[._]\d+)*__[\w-]+\.sql$/.test(name)) return true;
  return isInFolder && !DOC_EXTENSIONS.has(extension) && extension !== '';
}

/** Screens and what stands beside them, unless they sit where a server framework keeps its request code. */
function isBrowserCode(extension: string, folders: readonly string[], name: string): boolean {
  // A hook of a page is called after what it uses; other hooks are called by somebody.
  const isOtherHook = (folder: string): boolean => folder === 'hooks' && !name.startsWith('use');
  if (folders.some((folder) => SERVER_FOLDERS.has(folder))) return false;
  if (SCREEN_EXTENSIONS.has(extension)) return true;
  // A service that is called "storefront" serves the shop; what it sends to the browser has a folder of its own.
  const isServiceName = (at: number): boolean =>
    folders[at] === 'storefront' && folders[at - 1] === 'services';
  return (
    SCRIPT_EXTENSIONS.has(extension) &&
    folders.some((folder, at) => UI_FOLDERS.has(folder) && !isServiceName(at) && !isOtherHook(folder))
  );
}
