"""Step `tune`: searches learning rate, batch size and width with Optuna; the study is kept in SQLite and resumes."""

import logging

import optuna

from ..core.context import Context

log = logging.getLogger("factory")


def run(context: Context, options: dict) -> dict:
    """Runs what is left of the planned trials and returns the best parameters.

    Trials are judged on the held-out part of train; those behind the median of their elders are pruned.
    """
    family = context.family
    trials = options.get("trials") or family.plan["tune"]["trials"]
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=family.name,
        storage=f"sqlite:///{context.work / 'study.sqlite3'}",
        direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=family.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=1),
    )
    if not study.trials:
        for start in family.plan["tune"].get("start", []):
            study.enqueue_trial(start)
    ended = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    left = trials - len(study.get_trials(states=ended))
    if left > 0:
        study.optimize(
            lambda trial: family.trial(context, family.search_space(trial), trial),
            n_trials=left,
            show_progress_bar=True,
        )
    log.info("tune: best %.4f with %s", study.best_value, study.best_params)
    return {
        "best": study.best_params,
        "value": study.best_value,
        "trials": [
            {"number": t.number, "state": t.state.name, "value": t.value, "parameters": t.params}
            for t in study.get_trials(states=ended)
        ],
    }
