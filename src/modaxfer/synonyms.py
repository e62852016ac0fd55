"""What other programs call our settings and their values, so that who comes from there is told the word here."""

from __future__ import annotations

from collections.abc import Iterable

from modaxfer.errors import close_matches

__all__ = ["meant", "meant_command", "meant_value"]

_KEYS = {
    "audio": "sound wav clip audio_column",
    "batch_size": "bs batch batchsize minibatch per_device_train_batch_size",
    "checkpoint": "ckpt pretrained",
    "data": "csv file files input path train train_file data_path data_file dataset",
    "data_dir": "data_root datadir root",
    "device": "gpu cuda cpu mps accelerator",
    "encoder": "model backbone model_name model_name_or_path base_model arch architecture",
    "epochs": "epoch num_epochs n_epochs max_epochs num_train_epochs",
    "group": "group_column cluster speaker patient",
    "image": "img picture image_column",
    "ignore": "exclude drop drop_columns ignore_columns skip skip_columns without",
    "label": "target y labels class label_column target_column",
    "learning_rate": "lr rate eta",
    "limit": "max_rows max_samples subset n n_samples max_train_samples",
    "num_processes": "gpus n_gpus nproc num_gpus devices world_size workers",
    "number": "columns features numeric numerical number_column",
    "output": "out o output_dir outdir save save_dir run_dir",
    "precision": "dtype fp16 bf16 amp half",
    "problem": "problem_type task_type",
    "revision": "branch commit tag",
    "seed": "random_state random_seed",
    "set": "option options override opt",
    "metric": "metrics scorer score eval_metric primary",
    "test_limit": "max_eval_samples max_test_samples eval_limit",
    "threshold": "cutoff decision_threshold",
    "cost": "cost_matrix costs",
    "group_by": "groups by_group slice slices",
    "map_classes": "class_map label_map mapping",
    "source_task": "source source_domain",
    "steps": "max_steps num_steps n_steps iterations epochs num_epochs num_train_epochs",
    "stream": "streaming lazy iterable",
    "strategy": "method peft finetune fine_tuning mode tuning adapter",
    "task": "dataset dataset_name",
    "text": "text_column sentence txt",
    "tune": "trials n_trials num_trials hpo optuna",
    "tune_over": "search_space param_space",
    "trust_remote_code": "trust remote_code",
}
_COMMANDS = {
    "curve": "learning_curve",
    "compare": "benchmark grid sweep",
    "doctor": "info env check version",
    "evaluate": "eval test score validate",
    "explain": "interpret attribute why",
    "export": "convert save onnx",
    "features": "embed encode extract embeddings transform",
    "list": "ls models tasks encoders strategies",
    "plugins": "new init create plugin",
    "predict": "infer inference run classify",
    "push": "upload publish hub",
    "recommend": "auto suggest automl",
    "report": "plot show_report",
    "serve": "deploy api server",
    "show": "describe",
    "train": "fit finetune fine_tune tune fit_predict learn",
}
_VALUES = {
    "bf16": "bfloat16",
    "cuda": "gpu nvidia cuda:0 0",
    "drop": "skip ignore",
    "fail": "raise error strict",
    "fp16": "float16 half 16 16-mixed",
    "fp32": "float32 single full 32",
    "mps": "metal apple",
    "random": "scratch none",
}


def meant(key: str, known: Iterable[str]) -> list[str]:
    """Return which of `known` settings somebody may mean by `key`: its word elsewhere, else what resembles it."""
    return _meant(key.lower().replace("-", "_"), list(known), _KEYS)


def meant_command(word: str, known: Iterable[str]) -> list[str]:
    """Return which of `known` commands somebody may mean by `word`: its word elsewhere, else what resembles it."""
    return _meant(word.lower().replace("-", "_"), list(known), _COMMANDS)


def meant_value(word: str, allowed: Iterable[str]) -> list[str]:
    """Return which `allowed` values somebody may mean by `word`: its word elsewhere, else what resembles it."""
    return _meant(word.lower(), list(allowed), _VALUES)


def _meant(word: str, known: list[str], elsewhere: dict[str, str]) -> list[str]:
    named = [name for name, words in elsewhere.items() if word in words.split() and name in known]
    return named or close_matches(word, known)
