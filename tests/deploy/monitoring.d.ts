// What the Prometheus operator takes, as far as it is used here: kubernetes-types knows only what Kubernetes brings.
import type {ObjectMeta} from 'kubernetes-types/meta/v1';

export interface ServiceMonitor {
  apiVersion: 'monitoring.coreos.com/v1';
  kind: 'ServiceMonitor';
  metadata: ObjectMeta;
  spec: {
    selector: {matchLabels: Record<string, string>};
    jobLabel?: string;
    endpoints: {port: string; interval?: string; path?: string}[];
  };
}

export interface PrometheusRule {
  apiVersion: 'monitoring.coreos.com/v1';
  kind: 'PrometheusRule';
  metadata: ObjectMeta;
  spec: {
    groups: {
      name: string;
      rules: {
        alert: string;
        expr: string;
        for?: string;
        labels: {severity: 'critical' | 'warning'};
        annotations: {summary: string; action: string};
      }[];
    }[];
  };
}
