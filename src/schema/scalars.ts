import type { GraphQLScalarType } from 'graphql';
import { DateTimeISOResolver, JSONResolver, SafeIntResolver } from 'graphql-scalars';
import { GraphQLUpload } from 'graphql-upload-minimal';
import { builder, type UploadValue } from './builder.ts';

builder.addScalarType('DateTime', DateTimeISOResolver as unknown as GraphQLScalarType<Date, Date>, { description: 'RFC 3339, UTC.' });
builder.addScalarType('JSON', JSONResolver as GraphQLScalarType<unknown, unknown>, { description: 'Any JSON value.' });
builder.addScalarType('SafeInt', SafeIntResolver as GraphQLScalarType<number, number>, { description: 'A whole number up to 2^53-1.' });
builder.addScalarType('Upload', GraphQLUpload as unknown as GraphQLScalarType<Promise<UploadValue>, never>, {
  description: 'A file, sent by graphql-multipart-request-spec.',
});
