import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { packageVersion } from '../../src/version.ts';
import { parseDockerfile } from './dockerfile.ts';
import { renderTemplates } from './go-template.ts';
import { longestEndS, projectFile, unknownPaths, unknownVariables, usualPort } from './known.ts';

/*
 * The goal: the chart can be installed and fits the image. The method: its templates are rendered by the part of Go's
 * templates that they keep to, since Helm does not come by npm, and what comes out is read as Kubernetes would read it.
 * The commands in it are those of compose.yaml, whose test runs them.
 */

const folder = 'integrations/helm/pawl';
const read = (file: string): string => projectFile(join(folder, file));
const templates = new Map(
  readdirSync(join(import.meta.dirname, '../..', folder, 'templates')).map((file) => [
    file,
    read(`templates/${file}`),
  ]),
);

type Values = {
  readonly [Name in 'image' | 'files' | 'env' | 'service']: Readonly<Record<string, unknown>>;
} & Readonly<Record<string, unknown>>;
const usual = parse(read('values.yaml')) as Values;
const said: Values = {
  ...usual,
  ...{ image: { ...usual.image, repository: 'registry.example.com/pawl' }, secret: 'pawl-secrets' },
  ...{ files: { ...usual.files, url: 's3://bucket/pawl' }, env: { PAWL_MAX_TURNS: '9' } },
};

type Labels = Readonly<Record<string, string>>;
type Probe = { readonly httpGet: { readonly path: string; readonly port: string } };
type Container = {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly envFrom: readonly object[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly startupProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
};
type Pod = {
  readonly containers: readonly Container[];
  readonly volumes: readonly { readonly name: string }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly terminationGracePeriodSeconds?: number;
  readonly enableServiceLinks: boolean;
};
type Resource = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Labels; readonly annotations?: Labels };
  readonly spec: {
    readonly selector: Labels & { readonly matchLabels: Labels };
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: Pod };
    readonly ports: readonly { readonly targetPort: string }[];
  };
};

function resourcesOf(values: Values): Resource[] {
  const dot = {
    Values: values,
    Release: { Name: 'mine', Namespace: 'agents' },
    Chart: { AppVersion: packageVersion() },
  };
  return [...renderTemplates(templates, dot)]
    .filter(([file]) => file.endsWith('.yaml'))
    .flatMap(([, text]) => parseAllDocuments(text).map((document) => document.toJS() as Resource | null))
    .filter((resource) => resource !== null);
}

const resources = resourcesOf(said);
const ofKind = (kind: string): Resource[] => resources.filter((one) => one.kind === kind);
const selects = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([name, value]) => labels[name] === value);
const withPods = [...ofKind('Deployment'), ...ofKind('Job')];
const containers = withPods.flatMap(({ spec }) => spec.template.spec.containers);

describe('The values of the chart', () => {
  const check = new Ajv().compile(JSON.parse(read('values.schema.json')) as object);
  const without = (name: string): Values =>
    Object.fromEntries(Object.entries(said).filter(([key]) => key !== name)) as Values;

  test('are enough once an image, a secret and a place for files are named', () => {
    expect(check(said)).toBe(true);
    expect(check({ ...said, files: { url: '', claim: 'files' } })).toBe(true);
  });

  test.each([
    ['nothing named', usual],
    ['no secret', { ...said, secret: '' }],
    ['no place for files', { ...said, files: { url: '', claim: '' } }],
    ['two places for files', { ...said, files: { url: 's3://a', claim: 'b' } }],
    [
      'a number as a setting, which Helm would write as 1e+06',
      { ...said, env: { PAWL_MAX_TURNS: 1_000_000 } },
    ],
    ['the database beside the secret', { ...said, env: { DATABASE_URL: 'postgres://a' } }],
    ['a name that nothing has', { ...said, replicas: 2 }],
    ['no services', without('service')],
  ])('are refused with %s', (_what, values) => {
    expect(check(values)).toBe(false);
  });
});

describe('The chart', () => {
  test('has the version of the package', () => {
    expect(parse(read('Chart.yaml'))).toMatchObject({
      apiVersion: 'v2',
      name: 'pawl',
      appVersion: packageVersion(),
    });
    expect(containers.map(({ image }) => image)).toEqual(
      containers.map(() => `registry.example.com/pawl:${packageVersion()}`),
    );
  });

  test('has two deployments with budgets, a service, and a job before them', () => {
    expect(resources.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted()).toEqual([
      'Deployment mine-api',
      'Deployment mine-worker',
      'Job mine-migrate',
      'PodDisruptionBudget mine-api',
      'PodDisruptionBudget mine-worker',
      'Service mine',
    ]);
    expect(ofKind('Job')[0]?.metadata.annotations?.['helm.sh/hook']).toBe('pre-install,pre-upgrade');
  });

  test('tells its pods apart', () => {
    const pods = withPods.map(({ metadata, spec }) => ({
      name: metadata.name,
      labels: spec.template.metadata.labels,
    }));
    const chosen = (selector: Labels): string[] =>
      pods.filter(({ labels }) => selects(selector, labels)).map(({ name }) => name);
    for (const { metadata, spec } of [...ofKind('Deployment'), ...ofKind('PodDisruptionBudget')])
      expect(chosen(spec.selector.matchLabels)).toEqual([metadata.name]);
    expect(chosen(ofKind('Service')[0]?.spec.selector ?? {})).toEqual(['mine-api']);
  });

  test('runs the commands that compose.yaml runs', () => {
    const { services } = parse(projectFile('compose.yaml'), { merge: true }) as {
      services: Readonly<Record<string, { readonly command?: readonly string[] }>>;
    };
    for (const { metadata, spec } of withPods) {
      const name = metadata.name.replace('mine-', '');
      expect(spec.template.spec.containers.map(({ args }) => args)).toEqual([services[name]?.command]);
    }
  });

  test('asks the port of the image, on paths that the server answers', async () => {
    const servers = ofKind('Deployment').flatMap(({ spec }) => spec.template.spec.containers);
    expect(servers.map(({ ports }) => ports)).toEqual(
      [1, 2].map(() => [{ name: 'http', containerPort: usualPort }]),
    );
    expect(ofKind('Service')[0]?.spec.ports[0]?.targetPort).toBe('http');
    const probes = servers.flatMap((one) => [one.livenessProbe, one.readinessProbe, one.startupProbe]);
    expect(probes.map(({ httpGet }) => httpGet.port)).toEqual(probes.map(() => 'http'));
    expect(await unknownPaths(probes.map(({ httpGet }) => httpGet.path))).toEqual([]);
    expect(new Set(servers.map((one) => one.readinessProbe.httpGet.path))).toEqual(new Set(['/readyz']));
  });

  test('gives servers the time that they need to end, after the Service has heard of it', () => {
    for (const { spec } of ofKind('Deployment')) {
      const { containers: inside, terminationGracePeriodSeconds } = spec.template.spec;
      const [program, pause] = inside[0]?.lifecycle.preStop.exec.command ?? [];
      expect(program).toBe('sleep');
      expect(terminationGracePeriodSeconds).toBeGreaterThan(longestEndS + Number(pause));
    }
  });

  test('sets variables that the server reads, and takes secrets from the Secret alone', () => {
    for (const { env, envFrom } of containers) {
      expect(unknownVariables(env.map(({ name }) => name))).toEqual([]);
      expect(
        env.filter(({ value }) => value === undefined).map(({ name, valueFrom }) => [name, valueFrom]),
      ).toEqual(
        ['DATABASE_URL', 'PAWL_API_KEY'].map((key) => [key, { secretKeyRef: { name: 'pawl-secrets', key } }]),
      );
      expect(envFrom).toEqual([{ secretRef: { name: 'pawl-secrets' } }]);
      expect(env).toContainEqual({ name: 'PAWL_FILES_URL', value: 's3://bucket/pawl' });
      expect(env).toContainEqual({ name: 'PAWL_MAX_TURNS', value: '9' });
    }
  });

  test('lets no Service set variables of the server by being called like it', () => {
    expect(withPods.map(({ spec }) => spec.template.spec.enableServiceLinks)).toEqual(
      withPods.map(() => false),
    );
  });

  test('runs as the user of the image, who may write to its data and nowhere else', () => {
    const image = parseDockerfile(projectFile('Dockerfile')).at(-1)?.instructions ?? [];
    const [user, group] = (image.find(({ name }) => name === 'USER')?.text ?? '').split(':').map(Number);
    const data = image.find(({ name }) => name === 'VOLUME')?.text;
    for (const { spec } of withPods) {
      const pod = spec.template.spec;
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: user, runAsGroup: group });
      for (const { securityContext, volumeMounts } of pod.containers) {
        expect(securityContext).toMatchObject({
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
        });
        expect(volumeMounts.map(({ mountPath }) => mountPath)).toEqual(['/tmp', data]);
        expect(pod.volumes.map(({ name }) => name)).toEqual(volumeMounts.map(({ name }) => name));
      }
    }
  });

  test('keeps files in a claim when one is named, and says nothing of a bucket then', () => {
    for (const { kind, spec } of resourcesOf({ ...said, files: { url: '', claim: 'many-writers' } })) {
      if (kind !== 'Deployment') continue;
      const { volumes, containers: inside } = spec.template.spec;
      expect(volumes).toContainEqual({ name: 'data', persistentVolumeClaim: { claimName: 'many-writers' } });
      expect(inside.flatMap(({ env }) => env.map(({ name }) => name))).not.toContain('PAWL_FILES_URL');
    }
  });
});
