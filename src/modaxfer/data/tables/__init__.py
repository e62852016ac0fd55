"""Files of rows to Arrow tables: csv, tsv, JSON and parquet, as people and programs save them."""
