"""`Task`: a subset of classes that an expert is asked for; lists of them, read or drawn by chance.

A task list is a CSV file with one task a line, its classes, or the JSON that `TaskList.save`
writes:

>>> tasks = get_tasks("icons")
>>> len(tasks), next(iter(tasks)).classes
(1612, ('banana', 'lemon'))
"""

from taxonomy.tasks.drawing import draw_tasks, sample_coherent, sample_mixed, sample_random
from taxonomy.tasks.finding import TASKS_FILE, get_tasks, tasks_for, tasks_of
from taxonomy.tasks.task_list import FORMAT, MOST_COUNT, Task, TaskList

__all__ = [
    "FORMAT",
    "MOST_COUNT",
    "TASKS_FILE",
    "Task",
    "TaskList",
    "draw_tasks",
    "get_tasks",
    "sample_coherent",
    "sample_mixed",
    "sample_random",
    "tasks_for",
    "tasks_of",
]
