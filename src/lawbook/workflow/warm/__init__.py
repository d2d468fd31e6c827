"""Jobs that start warm: one process imports what jobs need, and each job is a fork of it.

`start` starts that server for `lawbook run`; a rule of the workflow then calls `client`, in place of Python, which asks
the `server` for a fork and ends as it does; `process` is what the fork knows of this. Where there is no server, or its
memory is of no use to a job, the client becomes the Python that it stands for.
"""
