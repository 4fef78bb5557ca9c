import { canonicalJson } from '../../core/canonical.ts';
import { usualSettings, withoutNulls } from '../../core/tools.ts';
import { type Fields, isFields, isNothing } from './fields.ts';

/**
 * A tool, less what servers fill in, so that equal ones are equal in any words. Tools of kinds that are not known here
 * stay as they are.
 */
export function toolFields(tool: unknown): unknown {
  if (!isFields(tool) || !isWhole(tool)) return tool;
  const { type, name, mcp_server_name, description, ...rest } = tool;
  const told = type === 'custom' ? schemaFields(rest) : toolsetFields(rest);
  // The order is that of whoever reads it in a file; what is not there is left out again.
  return said({ type, name, mcp_server_name, description, ...told });
}

/** Whether all that servers fill into this tool is known here, so that what a file leaves out of it counts. */
export function isWhole(tool: unknown): boolean {
  return isFields(tool) && (tool['type'] === 'custom' || tool['type'] === 'mcp_toolset');
}

function schemaFields({ input_schema, ...rest }: Fields): Fields {
  return { ...rest, input_schema: isFields(input_schema) ? withoutNulls(input_schema) : input_schema };
}

function toolsetFields({ default_config, configs, ...rest }: Fields): Fields {
  const defaults = isFields(default_config) ? settingsFields(default_config, usualSettings) : default_config;
  const inherited = isFields(defaults) ? { ...usualSettings, ...defaults } : usualSettings;
  const each = Array.isArray(configs)
    ? configs.map((config: unknown) => (isFields(config) ? settingsFields(config, inherited) : config))
    : configs;
  return {
    ...rest,
    ...(isNothing(defaults) ? {} : { default_config: defaults }),
    ...(isNothing(each) ? {} : { configs: each }),
  };
}

/** Settings, less those that are inherited anyway. */
function settingsFields(settings: Fields, inherited: Fields): Fields {
  const own = Object.entries(settings).filter(
    ([key, value]) => value !== null && canonicalJson(value) !== canonicalJson(inherited[key]),
  );
  return Object.fromEntries(own);
}

function said(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
