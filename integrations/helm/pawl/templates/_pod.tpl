{{- define "pawl.labels" -}}
app.kubernetes.io/name: pawl
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pawl.pod" -}}
automountServiceAccountToken: false
# A Service called pawl would put its address into PAWL_PORT.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
volumes:
  - name: tmp
    emptyDir: {}
  - name: data
    {{- if .Values.files.claim }}
    persistentVolumeClaim:
      claimName: {{ .Values.files.claim | quote }}
    {{- else }}
    emptyDir: {}
    {{- end }}
{{- end }}

{{- define "pawl.container" -}}
image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: tmp
    mountPath: /tmp
  - name: data
    mountPath: /var/lib/pawl
envFrom:
  - secretRef:
      name: {{ .Values.secret | quote }}
env:
  # Named one by one, so that a Secret without them keeps the process from starting.
  - name: DATABASE_URL
    valueFrom:
      secretKeyRef:
        name: {{ .Values.secret | quote }}
        key: DATABASE_URL
  - name: PAWL_API_KEY
    valueFrom:
      secretKeyRef:
        name: {{ .Values.secret | quote }}
        key: PAWL_API_KEY
  {{- if .Values.files.url }}
  - name: PAWL_FILES_URL
    value: {{ .Values.files.url | quote }}
  {{- end }}
  {{- range $name, $value := .Values.env }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
{{- end }}

{{- define "pawl.server" -}}
ports:
  - name: http
    containerPort: 7295
# Restarts a process that no longer answers.
livenessProbe:
  httpGet:
    path: /healthz
    port: http
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
# Keeps requests from a process that is starting, stopping, or cut off from its database.
readinessProbe:
  httpGet:
    path: /readyz
    port: http
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
# Time for the schema and for what an earlier process has left.
startupProbe:
  httpGet:
    path: /healthz
    port: http
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 60
lifecycle:
  preStop:
    # Until the Service has heard that this one is going.
    exec:
      command: [sleep, "5"]
{{- end }}
