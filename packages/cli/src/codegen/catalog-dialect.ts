import { VALUE_TYPE_NAMES } from '@sluice/core';
import {
  Adapter,
  type DatabaseMetadata,
  type Definitions,
  GeneratorDialect,
  IdentifierNode,
  type Imports,
  Introspector,
  JSON_ARRAY_DEFINITION,
  JSON_OBJECT_DEFINITION,
  JSON_PRIMITIVE_DEFINITION,
  JSON_VALUE_DEFINITION,
  ModuleReferenceNode,
  type Scalars,
} from 'kysely-codegen';
import { typeNode } from './column-types.js';

/** Maps Sluice's column types to TypeScript types for kysely-codegen. It opens no connection, because the catalog is already read. */
export class CatalogDialect extends GeneratorDialect {
  override readonly adapter: Adapter = new CatalogAdapter();
  override readonly introspector: Introspector<unknown> = new NoIntrospector();

  override createKyselyDialect(): never {
    throw new Error('The catalog is read by the driver.');
  }
}

class CatalogAdapter extends Adapter {
  override readonly defaultScalar: IdentifierNode = new IdentifierNode('unknown');
  override readonly definitions: Definitions = {
    // Kysely exports this type. Without this line, kysely-codegen would define its own.
    Generated: undefined,
    JsonArray: JSON_ARRAY_DEFINITION,
    JsonObject: JSON_OBJECT_DEFINITION,
    JsonPrimitive: JSON_PRIMITIVE_DEFINITION,
    JsonValue: JSON_VALUE_DEFINITION,
  };
  override readonly imports: Imports = {
    Generated: new ModuleReferenceNode('kysely'),
    GeneratedAlways: new ModuleReferenceNode('kysely'),
  };
  override readonly scalars: Scalars = Object.fromEntries(
    VALUE_TYPE_NAMES.map((name) => [name, typeNode(name)]),
  );
}

class NoIntrospector extends Introspector<unknown> {
  override introspect(): Promise<DatabaseMetadata> {
    throw new Error('The catalog is read by the driver.');
  }
}
